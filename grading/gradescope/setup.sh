#!/usr/bin/env bash
# Gradescope runs this once, as root, when it makes the container's image: the packages that grading
# needs, the compiled modules, and a look at whether a student's code can be shut in there.
set -euo pipefail
umask 022 # a student's code runs the Python that is installed here

source_dir="${AUTOGRADER_ROOT:-/autograder}/source"
venv="${CS231N_VENV:-/opt/cs231n-grading}" # outside root's own folder

# The hidden checks are for root's eyes. The users that students' code runs as have no accounts.
chown -R root:root "$source_dir"
chmod 700 "$source_dir"

if command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get install -y --no-install-recommends \
        build-essential libseccomp2 python3 python3-dev python3-pip python3-venv
fi
if python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    python3 -m venv "$venv"
else # an older image
    python3 -m pip install uv
    UV_PYTHON_INSTALL_DIR=/opt/python python3 -m uv venv --seed --python 3.12 "$venv"
fi
"$venv/bin/python" -m pip install --no-cache-dir --editable "$source_dir/kit[grading]"
"$source_dir/run_autograder" --check
