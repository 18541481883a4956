#!/bin/sh
# Make .venv with everything the Makefile needs, on a machine with only Python 3.11+, make and git.
#
#     scripts/setup.sh               the virtual environment
#     scripts/setup.sh isolation     bubblewrap too, which the embedded runtime isolates with
#     scripts/setup.sh redis         redis-server too, which the tests of pools start
#
# Says nothing when there is nothing to do. PYTHON=python3.13 picks the interpreter.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }
can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
install_package() {
    say "installing $* with apt-get"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; } >.apt.log 2>&1 || {
        tail -n 5 .apt.log >&2
        rm -f .apt.log
        return 1
    }
    rm -f .apt.log
}
is_suitable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_suitable "$PYTHON" || fail "PYTHON=$PYTHON is not Python 3.11 or later."
        echo "$PYTHON"
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if is_suitable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or later found; install one, or name it: make PYTHON=/path/to/python3"
}

make_venv() {
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        how="apt-get install python$version-venv (or python3-venv)"
        can_install || fail "$python has no ensurepip, which makes virtual environments. As root: $how"
        install_package "python$version-venv" || install_package python3-venv ||
            fail "could not install it; try: $how"
    fi
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

# The stamp is the pyproject.toml that was installed: contents, for times mean nothing after a clone.
stamp=.venv/installed-pyproject.toml
if ! cmp -s pyproject.toml "$stamp"; then
    .venv/bin/python -m pip --version >/dev/null 2>&1 || make_venv
    say "installing the package and the tools into .venv (a minute or two)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --no-warn-script-location --root-user-action=ignore --editable '.[dev]' ||
        fail "pip could not install the dependencies; is the package index reachable?"
    cp pyproject.toml "$stamp"
fi

# A program, the package that it is in, and what goes without it.
want() {
    command -v "$1" >/dev/null 2>&1 && return
    if can_install && [ ! -e ".venv/$2-failed" ]; then
        install_package "$2" && return
        touch ".venv/$2-failed"
    fi
    say "$2 is missing, so $3. As root: apt-get install $2 (or your system's package of that name)"
}

[ $# -gt 0 ] && [ "$(uname)" = Linux ] || exit 0
for need in "$@"; do
    case $need in
    isolation) want bwrap bubblewrap "sandboxes cannot be isolated" ;;
    redis) want redis-server redis-server "the tests of pools that share a Redis are left out" ;;
    esac
done
