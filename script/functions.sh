# Functions that the scripts of this folder share; read with `source`, from the project's root.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$@"
    exit 1
}

can_be_root() { [[ $EUID -eq 0 ]] || command -v sudo >/dev/null; }

# Run a command as root: as it is, or through sudo.
as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Set PYTHON to an interpreter of a supported version that can make a virtual environment.
# Fails when there is none.
find_python() {
    local candidate
    for candidate in python3.11 python3 python3.12 python3.13; do
        if "$candidate" -c '
import sys, ensurepip, venv
sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            # shellcheck disable=SC2034
            PYTHON=$(command -v "$candidate")
            return 0
        fi
    done
    return 1
}

# Start a virtual display when there is none, and set DISPLAY. The display ends with this shell if
# it calls end_display. Arguments: width and height in pixels.
need_display() {
    [[ -z ${DISPLAY:-} ]] || return 0
    local fd file number
    file=$(mktemp)
    exec {fd}>"$file"
    # The server picks a free number and writes it down when it is ready. In a session of its own it
    # outlives a Ctrl-C long enough for the program to close its window.
    setsid Xvfb -displayfd "$fd" -screen 0 "${1}x${2}x24" -nolisten tcp -noreset >/dev/null 2>&1 &
    DISPLAY_PID=$!
    exec {fd}>&-
    until read -r number <"$file"; do
        kill -0 "$DISPLAY_PID" 2>/dev/null || die "The virtual display (Xvfb) did not start."
        sleep 0.05
    done
    rm -f "$file"
    export DISPLAY=:$number
    say "No display here: started a virtual one of ${1}x${2}, DISPLAY=$DISPLAY"
    say "To look at it, show it with a VNC server, for instance: x11vnc -localhost -display $DISPLAY"
}

end_display() { [[ -z ${DISPLAY_PID:-} ]] || kill "$DISPLAY_PID" 2>/dev/null || true; }
