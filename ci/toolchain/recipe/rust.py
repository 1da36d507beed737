"""Downloads, verifies and unpacks archives in the format of rust-installer:

    rust.py OUT {URL SHA256}...

Each has a directory with one directory for each component, whose files go below OUT. Python
reads xz and speaks HTTPS, so that the image needs no other program for either.
"""

import hashlib
import os
import shutil
import ssl
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request

ATTEMPTS = 4
# Documentation, manuals and completions compile nothing.
UNUSED = ("etc/", "share/doc/", "share/man/", "share/zsh/", "share/bash-completion/", "libexec/rust-analyzer")
LICENCES = ("COPYRIGHT", "COPYRIGHT-library.html", "LICENSE-APACHE", "LICENSE-MIT")


def open_url(url):
    bundle = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
    context = ssl.create_default_context(cafile=bundle)
    return urllib.request.urlopen(url, timeout=60, context=context)


def download(url, to):
    """Returns the SHA-256 of what was written to the file."""
    for attempt in range(ATTEMPTS):
        digest = hashlib.sha256()
        to.seek(0)
        to.truncate()
        try:
            with open_url(url) as answer:
                while block := answer.read(1 << 20):
                    digest.update(block)
                    to.write(block)
            to.seek(0)
            return digest.hexdigest()
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == ATTEMPTS - 1:
                raise
        except OSError:
            if attempt == ATTEMPTS - 1:
                raise
        time.sleep(1 << attempt)


def place(name):
    """Returns where a file of an archive goes below OUT, None if it is not installed."""
    parts = name.split("/", 2)
    if len(parts) < 3 or parts[2] == "manifest.in":
        return None
    path = os.path.normpath(parts[2])
    if path.startswith(("/", "..")):
        sys.exit(f"rust.py: the archive's file {name!r} leads out of it")
    if path.startswith("share/doc/") and os.path.basename(path) in LICENCES:
        return "share/doc/rust/" + os.path.basename(path) + "/copyright"
    return None if path.startswith(UNUSED) else path


def unpack(archive, out):
    with tarfile.open(fileobj=archive, mode="r:*") as files:
        for member in files:
            path = place(member.name)
            if path is None or member.isdir():
                continue
            if not member.isfile():
                sys.exit(f"rust.py: the archive's {member.name!r} is no regular file")
            to = os.path.join(out, path)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            with open(to, "wb") as file:
                shutil.copyfileobj(files.extractfile(member), file)
            os.chmod(to, 0o755 if member.mode & 0o111 else 0o644)


def main():
    out, rest = sys.argv[1], sys.argv[2:]
    for url, expected in zip(rest[::2], rest[1::2], strict=True):
        print("rust.py: fetching", url, file=sys.stderr, flush=True)
        with tempfile.TemporaryFile() as archive:
            try:
                got = download(url, archive)
            except OSError as error:
                sys.exit(f"rust.py: {url}: {error}")
            if got != expected:
                sys.exit(f"rust.py: {url} has SHA-256 {got}, expected {expected}")
            unpack(archive, out)


main()
