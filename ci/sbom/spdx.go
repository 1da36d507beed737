package sbom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spdx/tools-golang/spdx/v2/common"
	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"
)

// created is the document's creation time, which is mandatory (SPDX 2.3, 6.9). It is that
// of SOURCE_DATE_EPOCH=0, with which the build runs: the actual time would change the bytes
// of the same release.
const created = "1970-01-01T00:00:00Z"

const (
	noAssertion = "NOASSERTION"
	dependsOn   = common.TypeRelationshipDependsOn
	describes   = common.TypeRelationshipDescribe
	documentID  = "DOCUMENT"
)

// WriteSPDX writes the document as SPDX 2.3 JSON. The document namespace is derived from
// the rest of the document, and the creation time is 1970-01-01, that of
// SOURCE_DATE_EPOCH=0, so that the output depends on the input only. A licence that is not
// an SPDX expression is NOASSERTION, with the manifest's text as a comment.
func (d *Document) WriteSPDX(w io.Writer) error {
	doc := d.spdx()
	content, err := encodeSPDX(doc)
	if err != nil {
		return err
	}
	doc.DocumentNamespace = urn(content)
	if content, err = encodeSPDX(doc); err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return fmt.Errorf("writing SPDX of %q: %w", d.binary, err)
	}
	return nil
}

func encodeSPDX(doc *spdx.Document) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(doc); err != nil {
		return nil, fmt.Errorf("writing SPDX: %w", err)
	}
	return b.Bytes(), nil
}

func (d *Document) spdx() *spdx.Document {
	tool := "slipway"
	if d.tool != "" {
		tool += "-" + d.tool
	}
	main := d.components[0]
	doc := &spdx.Document{
		SPDXVersion: spdx.Version, DataLicense: spdx.DataLicense, SPDXIdentifier: documentID,
		DocumentName: d.binary + "-" + main.version + "-" + d.target,
		CreationInfo: &spdx.CreationInfo{
			Created:  created,
			Creators: []common.Creator{{CreatorType: "Tool", Creator: tool}},
		},
	}
	doc.Relationships = append(doc.Relationships, relation(documentID, describes, main.id))
	for i, c := range d.components {
		p := c.spdx()
		p.PrimaryPackagePurpose = "LIBRARY"
		if i == 0 {
			p.PrimaryPackagePurpose, p.PackageFileName = "APPLICATION", d.binary
		}
		doc.Packages = append(doc.Packages, p)
		for _, id := range d.ids(c.deps) {
			doc.Relationships = append(doc.Relationships, relation(c.id, dependsOn, id))
		}
	}
	return doc
}

func relation(from, kind, to string) *spdx.Relationship {
	return &spdx.Relationship{
		RefA:         common.DocElementID{ElementRefID: common.ElementID(from)},
		RefB:         common.DocElementID{ElementRefID: common.ElementID(to)},
		Relationship: kind,
	}
}

func (c component) spdx() *spdx.Package {
	p := &spdx.Package{
		PackageName: c.name, PackageSPDXIdentifier: common.ElementID(c.id), PackageVersion: c.version,
		PackageSupplier:         &common.Supplier{Supplier: noAssertion},
		PackageDownloadLocation: noAssertion,
		PackageLicenseConcluded: noAssertion, PackageLicenseDeclared: noAssertion, PackageCopyrightText: noAssertion,
		PackageComment: c.comment,
		PackageExternalReferences: []*spdx.PackageExternalReference{{
			Category: common.CategoryPackageManager, RefType: common.TypePackageManagerPURL, Locator: c.purl,
		}},
	}
	if c.download != "" {
		p.PackageDownloadLocation = c.download
	}
	if c.license != "" {
		p.PackageLicenseDeclared = c.license
	}
	if c.words != "" {
		p.PackageLicenseComments = "The manifest says: " + c.words
	}
	if c.sha256 != "" {
		p.PackageChecksums = []common.Checksum{{Algorithm: common.SHA256, Value: c.sha256}}
	}
	return p
}
