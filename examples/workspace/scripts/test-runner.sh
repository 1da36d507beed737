#!/bin/sh
# Runs a test binary as root and keeps the environment; named in .cargo/config.toml.
set -eu
exec sudo -E -- "$@"
