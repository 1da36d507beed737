package images

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"dagger/slipway/ci/publish"
	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/oci"
	"dagger/slipway/e2e/sigstack/fault"
)

const (
	uploads   = "/v2/" + oci.Source + "/blobs/uploads/"
	manifests = "/v2/" + oci.Source + "/manifests/"
)

// unknownUpload is a registry's response if it has lost an upload session.
func unknownUpload(method string) fault.Fault {
	return fault.Fault{
		Kind: fault.Refuse, Method: method, Path: uploads, Times: 1, Status: 404,
		Header: map[string]string{"Content-Type": "application/json"},
		Body:   `{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"blob upload unknown to registry"}]}`,
	}
}

// TestImagesFaults checks that transient failures of each kind of registry are retried.
func TestImagesFaults(t *testing.T) {
	later := fault.Status(429, 1)
	later.Method, later.Path, later.Header = "PUT", manifests, map[string]string{"Retry-After": "2"}
	refuse := func(method, path string, status int) fault.Fault {
		return fault.Fault{Kind: fault.Refuse, Method: method, Path: path, Status: status, Times: 1}
	}
	drop := func(kind fault.Kind, method, path string) fault.Fault {
		return fault.Fault{Kind: kind, Method: method, Path: path, Times: 1}
	}
	tests := []struct {
		name  string
		fault fault.Fault
		sent  int // uploads of blobs begun: there are three blobs
		least time.Duration
	}{
		{"a blob is there, and the answer of its PUT lost", drop(fault.Lose, "PUT", uploads), 3, 0},
		{"the session is lost at a PATCH", unknownUpload("PATCH"), 4, 0},
		{"the session is lost at a PUT", unknownUpload("PUT"), 4, 0},
		{"a PATCH is dropped", drop(fault.Drop, "PATCH", uploads), 4, 0},
		{"the answer of a PATCH is lost", drop(fault.Lose, "PATCH", uploads), 4, 0},
		{"a POST is answered 502", refuse("POST", uploads, 502), 4, 0},
		{"a PATCH is answered 500", refuse("PATCH", uploads, 500), 4, 0},
		{"a PUT is answered 504", refuse("PUT", uploads, 504), 4, 0},
		{"a HEAD is answered 503", refuse("HEAD", "", 503), 3, 0},
		{"the first answer of all is cut off", drop(fault.Truncate, "GET", "/v2/"), 3, 0},
		{"the manifest is answered 429 with 2 s to wait", later, 3, 2 * time.Second},
		{"the manifest is answered 500", refuse("PUT", manifests, 500), 3, 0},
		{"the manifest is there, and the answer lost", drop(fault.Lose, "PUT", manifests), 3, 0},
	}
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				s := oci.OpenStack(t)
				reg.Proxy.Clear()
				reg.Proxy.Reset()
				img := oci.RandomImage(t, 1<<16, 2)
				r := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", img)
				kit.Check(t, reg.Proxy.Inject(tt.fault))
				begin := time.Now()
				oci.WantStates(t, r.Effects()[:1], publish.WasDone)
				if took := time.Since(begin); took < tt.least {
					t.Errorf("it took %s, and the registry asked to wait %s", took, tt.least)
				}
				if got := counts(reg.Proxy, http.MethodPost); got != tt.sent {
					t.Errorf("%d blobs were begun, expected %d: %v", got, tt.sent, reg.Proxy.Requests())
				}
				reg.Proxy.Clear()
				wantWhole(t, oci.DirectRepository(t, reg).Digest(r.Image.Digest().DigestStr()), img)
			})
		}
	})
}

// TestImagesAttachFaults has the registry and the log fail while an image is signed, and
// checks that each signature is recorded and attached once.
func TestImagesAttachFaults(t *testing.T) {
	for name, f := range map[string]fault.Fault{
		"the signatures are written, and the answer lost": {Kind: fault.Lose, Method: "PUT", Path: manifests + "sha256-", Times: 1},
		"writing the signatures is answered 503":          {Kind: fault.Refuse, Method: "PUT", Path: manifests + "sha256-", Times: 1, Status: 503},
		"the session of the payload is lost":              unknownUpload("PUT"),
	} {
		t.Run(name, func(t *testing.T) {
			reg, s := oci.StartRegistry(t, imagereg.Distribution), oci.OpenStack(t)
			r := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", oci.RandomImage(t, 1024, 1))
			oci.WantStates(t, r.Effects()[:1], publish.WasDone)
			kit.Check(t, reg.Proxy.Inject(f))
			s.Rekor.Reset()
			oci.WantStates(t, r.Effects()[1:], oci.States(5, publish.WasDone)...)
			if n := s.Rekor.Count("/api/v1/log/entries"); n != 3 {
				t.Errorf("the log was asked %d times, expected once for each of a signature and two attestations", n)
			}
			wantJudged(t, s, oci.DirectRepository(t, reg).Tag("1.2.3").String())
		})
	}
	t.Run("the log is down", func(t *testing.T) {
		reg, s := oci.StartRegistry(t, imagereg.Distribution), oci.OpenStack(t)
		img := oci.RandomImage(t, 1024, 1)
		kit.Check(t, s.Rekor.Inject(fault.Status(502, 0)))
		states, err := oci.Perform(t, oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", img).Effects())
		if err == nil || len(states) != 2 || oci.TagDigest(t, oci.DirectRepository(t, reg), "1.2.3") != "" {
			t.Errorf("the states are %q, the error %v; expected an image without a tag", states, err)
		}
		s.Rekor.Clear()
		again := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", img)
		oci.WantStates(t, again.Effects(), append([]string{publish.Unchanged}, oci.States(5, publish.WasDone)...)...)
	})
}

// TestImagesRefused checks that permanent failures are not retried.
func TestImagesRefused(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404} {
		reg, s := oci.StartRegistry(t, imagereg.Distribution), oci.OpenStack(t)
		r := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", oci.RandomImage(t, 1024, 1))
		kit.Check(t, reg.Proxy.Inject(fault.Fault{Kind: fault.Refuse, Method: "POST", Path: uploads, Status: status}))
		_, err := oci.Perform(t, r.Effects())
		if n := counts(reg.Proxy, http.MethodPost); err == nil || n != 2 { // one attempt for each of two blobs
			t.Errorf("of %d: %d attempts for two blobs, error %v", status, n, err)
		}
	}
	t.Run("a day to wait", func(t *testing.T) {
		reg, s := oci.StartRegistry(t, imagereg.Distribution), oci.OpenStack(t)
		r := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", oci.RandomImage(t, 1024, 1))
		kit.Check(t, reg.Proxy.Inject(fault.Fault{Kind: fault.Refuse, Method: "PUT", Path: manifests, Status: 429, Header: map[string]string{"Retry-After": "86400"}}))
		if _, err := oci.Perform(t, r.Effects()); err == nil || !strings.Contains(err.Error(), "run again") {
			t.Errorf("the error is %v, expected one that says to come back", err)
		}
	})
}

// TestImagesChunks has something refuse large chunks until they are small enough.
func TestImagesChunks(t *testing.T) {
	tests := []struct {
		name    string
		status  int
		larger  int64
		patches int // chunks accepted, for 5 MiB and some bytes
	}{
		{"413 over 4 MiB", 413, 4 << 20, 2},
		{"416 over 1 MiB", 416, 1 << 20, 6},
	}
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				s := oci.OpenStack(t)
				reg.Proxy.Clear()
				reg.Proxy.Reset()
				img := oci.RandomImage(t, 5<<20, 1)
				r := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", img)
				kit.Check(t, reg.Proxy.Inject(fault.Fault{Kind: fault.Refuse, Method: "PATCH", Path: uploads, Status: tt.status, Larger: tt.larger}))
				oci.WantStates(t, r.Effects()[:1], publish.WasDone)
				taken := 0
				for _, q := range reg.Proxy.Requests() {
					if q.Method == http.MethodPatch && q.Fault == "" {
						taken++
					}
				}
				if taken != tt.patches+1 { // plus the config
					t.Errorf("%d pieces were taken, expected %d", taken, tt.patches+1)
				}
				wantWhole(t, oci.DirectRepository(t, reg).Digest(r.Image.Digest().DigestStr()), img)
			})
		}
		t.Run("nothing is small enough", func(t *testing.T) {
			s := oci.OpenStack(t)
			reg.Proxy.Clear()
			r := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", oci.RandomImage(t, 5<<20, 1))
			kit.Check(t, reg.Proxy.Inject(fault.Fault{Kind: fault.Refuse, Method: "PATCH", Path: uploads, Status: 413, Larger: 1024}))
			if _, err := oci.Perform(t, r.Effects()); err == nil || !strings.Contains(err.Error(), "smaller pieces than 1048576 bytes are not tried") {
				t.Errorf("the error is %v", err)
			}
		})
	})
}

// TestImagesLatestLeft checks that the next run completes a run that ended between setting
// the two tags.
func TestImagesLatestLeft(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := oci.OpenStack(t)
		img := oci.RandomImage(t, 1024, 1)
		kit.Check(t, reg.Proxy.Inject(fault.Fault{Kind: fault.Refuse, Method: "PUT", Path: manifests + "latest", Status: 403}))
		states, err := oci.Perform(t, oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", img).Effects())
		if err == nil || len(states) != 6 || oci.TagDigest(t, oci.DirectRepository(t, reg), "latest") != "" {
			t.Errorf("the states are %q, the error %v; expected a version without latest", states, err)
		}
		reg.Proxy.Clear()
		reg.Proxy.Reset()
		oci.WantStates(t, oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", img).Effects(), append(oci.States(5, publish.Unchanged), publish.WasDone)...)
		if n := writes(reg.Proxy); n != 1 {
			t.Errorf("the second run sent %d requests that change something, expected the one that moves latest", n)
		}
		wantJudged(t, s, oci.DirectRepository(t, reg).Tag("latest").String())
	})
}

// TestImagesTagMoved has someone else put another image under the version's tag between
// push and signing, and checks that it is neither signed nor replaced.
func TestImagesTagMoved(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := oci.OpenStack(t)
		r := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", oci.RandomImage(t, 1024, 1))
		oci.WantStates(t, r.Effects()[:1], publish.WasDone)
		theirs := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", oci.RandomImage(t, 1024, 1))
		e := theirs.Effects()
		oci.WantStates(t, []publish.Effect{e[0], e[4]}, oci.States(2, publish.WasDone)...)
		_, err := oci.Perform(t, r.Effects()[1:])
		var conflict *publish.Conflict
		if !errors.As(err, &conflict) {
			t.Errorf("the error is %v, expected a conflict", err)
		}
		oci.Cosign(t, s, 2, r.Image.Digest().String(), "verify").WantCode(t, 0)
		if oci.Cosign(t, s, 2, theirs.Image.Tag().String(), "verify").Code == 0 {
			t.Error("the other image is signed")
		}
	})
}
