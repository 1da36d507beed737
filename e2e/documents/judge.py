"""Judges documents by the packages that own their formats, one line a fault.

judge.py FILE...    *.cdx.json, *.spdx.json or *.intoto.json
"""

import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from packageurl import PackageURL
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def cyclonedx(name):
    with open(name, encoding="utf-8") as f:
        text = f.read()
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault:
        yield f"schema: {fault.data.message}"
        return
    bom = json.loads(text)
    parts = [bom["metadata"]["component"], *bom["components"]]
    for part in parts:
        yield from purl(part["purl"], part.get("version"))
    refs = {part["bom-ref"] for part in parts}
    if len(refs) < len(parts):
        yield "two components have the same bom-ref"
    for edge in bom["dependencies"]:
        for ref in [edge["ref"], *edge.get("dependsOn", [])]:
            if ref not in refs:
                yield f"dependency {ref} is no component"


def spdx(name):
    document = parse_file(name)
    for fault in validate_full_spdx_document(document):
        yield fault.validation_message
    for package in document.packages:
        for reference in package.external_references:
            yield from purl(reference.locator, package.version)


def purl(text, version):
    parsed = PackageURL.from_string(text)
    if parsed.version != version:
        yield f"{text} has version {parsed.version}, not {version}"
    if not parsed.name:
        yield f"{text} has no name"


def intoto(name):
    with open(name, encoding="utf-8") as f:
        statement = json_format.Parse(f.read(), statement_pb2.Statement())
    Statement.copy_from_pb(statement).validate()
    predicate = json_format.MessageToDict(statement.predicate)
    # Fails on a field that SLSA provenance does not have, or of another type.
    json_format.ParseDict(predicate, provenance_pb2.Provenance())


JUDGES = {".cdx.json": cyclonedx, ".spdx.json": spdx, ".intoto.json": intoto}


def faults(name):
    for suffix, judge in JUDGES.items():
        if name.endswith(suffix):
            try:
                yield from judge(name) or []
            except Exception as error:  # of whatever package: the document is at fault
                yield f"{type(error).__name__}: {error}"
            return
    yield "no judge for this name"


def main(names):
    found = 0
    for name in names:
        for fault in faults(name):
            found += 1
            print(f"{name}: {' '.join(str(fault).split())[:500]}")
    print(f"judged {len(names)}, faults {found}")


main(sys.argv[1:])
