package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestTextIsHidden checks that no way of formatting shows a secret, even inside other values.
func TestTextIsHidden(t *testing.T) {
	const value = "s3cret-value"
	text := New(value)
	for _, v := range []any{text, &text, []Text{text}, map[string]Text{"k": text}, struct{ T Text }{text}} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
			raw = append(raw, fmt.Sprintf(verb, v)...)
		}
		raw = append(raw, fmt.Sprint(v, fmt.Errorf("x: %v", v))...)
		raw = append(raw, fmt.Sprint(slog.AnyValue(v))...)
		if s := string(raw); strings.Contains(s, value) || strings.Contains(strings.ToLower(s), fmt.Sprintf("%x", value)) {
			t.Errorf("%T is printed as %q", v, raw)
		}
	}
	if text.Reveal() != value || text.Empty() || !New("").Empty() {
		t.Error("Reveal or Empty is wrong")
	}
}
