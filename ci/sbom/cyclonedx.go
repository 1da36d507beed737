package sbom

import (
	"bytes"
	"fmt"
	"io"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// WriteCycloneDX writes the document as CycloneDX 1.6 JSON. The serial number is derived
// from the rest of the document, and there is no timestamp, so that the output depends on
// the input only. A licence that is not an SPDX expression is written by name.
func (d *Document) WriteCycloneDX(w io.Writer) error {
	bom := d.cycloneDX()
	content, err := encodeCycloneDX(bom)
	if err != nil {
		return err
	}
	bom.SerialNumber = urn(content)
	if content, err = encodeCycloneDX(bom); err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return fmt.Errorf("writing CycloneDX of %q: %w", d.binary, err)
	}
	return nil
}

func encodeCycloneDX(bom *cdx.BOM) ([]byte, error) {
	var b bytes.Buffer
	err := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cdx.SpecVersion1_6)
	if err != nil {
		return nil, fmt.Errorf("writing CycloneDX: %w", err)
	}
	return b.Bytes(), nil
}

func (d *Document) cycloneDX() *cdx.BOM {
	bom := cdx.NewBOM()
	main := d.components[0].cycloneDX(cdx.ComponentTypeApplication)
	bom.Metadata = &cdx.Metadata{
		Lifecycles: &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhaseBuild}},
		Tools:      &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: "slipway", Version: d.tool}}},
		Component:  &main,
		// A property from CycloneDX's registered namespace cdx:rustc.
		Properties: &[]cdx.Property{{Name: "cdx:rustc:sbom:target:triple", Value: d.target}},
	}
	var parts []cdx.Component
	var edges []cdx.Dependency
	for i, c := range d.components {
		if i > 0 {
			parts = append(parts, c.cycloneDX(cdx.ComponentTypeLibrary))
		}
		edge := cdx.Dependency{Ref: c.id}
		if len(c.deps) > 0 {
			ids := d.ids(c.deps)
			edge.Dependencies = &ids
		}
		edges = append(edges, edge)
	}
	bom.Components, bom.Dependencies = &parts, &edges
	library := d.components[len(d.components)-1].id
	bom.Compositions = &[]cdx.Composition{{
		Aggregate:    cdx.CompositionAggregateIncomplete,
		Dependencies: &[]cdx.BOMReference{cdx.BOMReference(library)},
	}}
	return bom
}

func (d *Document) ids(indices []int) []string {
	var ids []string
	for _, i := range indices {
		ids = append(ids, d.components[i].id)
	}
	return ids
}

func (c component) cycloneDX(kind cdx.ComponentType) cdx.Component {
	out := cdx.Component{
		BOMRef: c.id, Type: kind, Name: c.name, Version: c.version, PackageURL: c.purl,
		Description: c.comment,
	}
	switch {
	case c.license != "":
		out.Licenses = &cdx.Licenses{{Expression: c.license}}
	case c.words != "":
		out.Licenses = &cdx.Licenses{{License: &cdx.License{Name: c.words}}}
	}
	if c.sha256 != "" {
		out.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: c.sha256}}
	}
	if c.repository != "" {
		out.ExternalReferences = &[]cdx.ExternalReference{{Type: cdx.ERTypeVCS, URL: c.repository}}
	}
	return out
}
