#!/usr/bin/env bash
# Prepare the controller: what the Makefile calls before Ansible can run.
#
#   lab/setup.sh venv DIR REQUIREMENTS...   a virtual environment with exactly these hash-locked packages
#   lab/setup.sh docker                     a Docker engine that answers
#   lab/setup.sh command NAME PACKAGE       a command, from the distribution's package when it is missing
#   lab/setup.sh promtool                   Prometheus' promtool at .lab/bin, out of the distribution's package; no server is installed
#   lab/setup.sh tidy                       remove the hosts and networks of tests, the apt cache too when no lab needs it
#   lab/setup.sh stop-docker                stop the engine if `docker` above started it
#
# Installs system packages only as root, and only what is missing. Can be run again at any time.
set -euo pipefail
cd "$(dirname "$0")/.."
TORCH_INDEX=https://download.pytorch.org/whl/cpu

die() { printf 'ml-workshop: %s\n' "$*" >&2; exit 1; }
log() { printf '== %s\n' "$*"; }

apt_install() {
    command -v apt-get >/dev/null || die "needs the package(s) $*; install them with this system's package manager, then run the same command again."
    [ "$(id -u)" = 0 ] || die "needs the package(s) $*; run 'sudo apt-get install $*', then the same command again."
    log "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null || die "'apt-get update' failed; run it by hand to see why."
    apt-get install -qq -y --no-install-recommends "$@" >/dev/null || die "'apt-get install $*' failed; run it by hand to see why."
}

need_command() { command -v "$1" >/dev/null || apt_install "$2"; }

# Whether the commands of an environment start: not after it was moved, or after its Python was removed or upgraded.
is_usable() {
    local commands
    commands=$(sed -n '1,2s|^[^/]*\(/.*\)/python.*|\1|p' "$1/bin/pip" 2>/dev/null)
    [ "$commands" -ef "$1/bin" ] && "$1/bin/python" -c 'import pip' 2>/dev/null
}

make_venv() {
    local directory=$1 missing=() arguments=() file; shift
    need_command python3 python3
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "needs Python 3.11 or newer on the controller; $(python3 --version) is the python3 on PATH."
    is_usable "$directory" || rm -f "$directory"/.installed-*
    # A stamp per file, written last: an interrupted installation is done again.
    for file in "$@"; do
        sha256sum --check --status "$directory/.installed-$(basename "$file")" 2>/dev/null || missing+=("$file")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    python3 -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
    log "installing the Python packages of ${missing[*]} into $directory"
    is_usable "$directory" || python3 -m venv --clear "$directory"
    for file in "${missing[@]}"; do arguments+=(-r "$file"); done
    # PyTorch's CPU wheels have an index of their own; without it, this machine's pip configuration has to offer them.
    if grep -q '+cpu' "${missing[@]}" && python3 -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=4)' "$TORCH_INDEX/torch/" 2>/dev/null; then
        arguments+=(--extra-index-url "$TORCH_INDEX")
    fi
    "$directory/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes "${arguments[@]}" ||
        die "pip could not install ${missing[*]}; see the lines above."
    for file in "${missing[@]}"; do sha256sum "$file" >"$directory/.installed-$(basename "$file")"; done
}

get_promtool() {
    [ ! -x .lab/bin/promtool ] || return 0
    mkdir -p .lab/bin
    if command -v apt-get >/dev/null; then
        local directory
        directory=$(mktemp -d)
        (
            cd "$directory"
            # Without package lists (a fresh container) the first attempt fails.
            apt-get download -qq prometheus >/dev/null 2>&1 || { apt-get update -qq && apt-get download -qq prometheus; } >/dev/null 2>&1
            dpkg-deb --fsys-tarfile prometheus_*.deb | tar --extract ./usr/bin/promtool
        ) && mv "$directory/usr/bin/promtool" .lab/bin/promtool
        rm -rf "$directory"
    fi
    if [ ! -x .lab/bin/promtool ] && command -v promtool >/dev/null; then ln -sf "$(command -v promtool)" .lab/bin/promtool; fi
    [ -x .lab/bin/promtool ] || die "needs promtool; put the one of a Prometheus release on PATH, or see that 'apt-get download prometheus' works."
}

docker_answers() { docker info >/dev/null 2>&1; }

start_docker() {
    if command -v docker >/dev/null && docker_answers; then return; fi
    if [ "$(id -u)" != 0 ]; then
        command -v docker >/dev/null || die "needs Docker; run 'sudo apt-get install docker.io', then the same command again."
        die "Docker doesn't answer for $(id -un): start it ('sudo systemctl start docker') and join its group ('sudo usermod -aG docker $(id -un)', then log in again)."
    fi
    command -v dockerd >/dev/null || apt_install docker.io iptables
    if [ -d /run/systemd/system ]; then
        systemctl start docker
    else
        log "starting the Docker daemon (no init does it here)"
        mkdir -p .lab
        # A daemon that was killed leaves a pid file behind, which keeps the next one from starting.
        if [ -f /var/run/docker.pid ] && ! kill -0 "$(cat /var/run/docker.pid)" 2>/dev/null; then rm -f /var/run/docker.pid; fi
        setsid --fork dockerd >.lab/dockerd.log 2>&1 </dev/null
        touch .lab/dockerd.ours
    fi
    local deadline=$((SECONDS + 60))
    until docker_answers; do
        [ $SECONDS -lt $deadline ] || die "the Docker daemon doesn't answer after 60 s; read .lab/dockerd.log or 'journalctl -u docker'."
        read -rt 0.5 <> <(:) || true
    done
}

stop_docker() {
    [ -f .lab/dockerd.ours ] || return 0
    local pid deadline=$((SECONDS + 30))
    pid=$(cat /var/run/docker.pid 2>/dev/null) || { rm -f .lab/dockerd.ours; return 0; }
    if [ -n "$(docker ps -q 2>/dev/null)" ]; then log "the Docker daemon still runs: it has other containers"; return 0; fi
    log "stopping the Docker daemon"
    kill "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $deadline ]; do read -rt 0.2 <> <(:) || true; done
    rm -f .lab/dockerd.ours
}

tidy() {
    docker_answers || return 0
    local lab id
    lab=$(docker ps --all --quiet --filter label=ml-workshop.lab=lab)
    while read -r id name; do
        case $name in
            lab) continue ;;
            shared) [ -z "$lab" ] || continue ;;
        esac
        docker rm --force --volumes "$id" >/dev/null
    done < <(docker ps --all --filter label=ml-workshop.lab --format '{{.ID}} {{.Label "ml-workshop.lab"}}')
    while read -r id name; do
        [ "$name" != lab ] || continue
        docker network disconnect --force "$id" ml-workshop-apt-cache 2>/dev/null || true
        docker ps --all --quiet --filter network="$id" | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
        docker network rm "$id" >/dev/null
    done < <(docker network ls --filter label=ml-workshop.lab --format '{{.ID}} {{.Label "ml-workshop.lab"}}')
}

case ${1:-} in
    venv) shift; make_venv "$@" ;;
    docker) start_docker ;;
    command) need_command "$2" "$3" ;;
    promtool) get_promtool ;;
    tidy) tidy ;;
    stop-docker) stop_docker ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
