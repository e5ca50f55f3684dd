#!/bin/sh
# Stands in for Miniforge's installer where GitHub cannot be reached: takes its options, leaves a `conda` that can
# activate an environment by the system-wide condarc, as conda does. For tests only.
set -eu
while getopts bup: option; do
    [ "$option" != p ] || prefix=$OPTARG
done
mkdir -p "$prefix/etc/profile.d"
cat >"$prefix/etc/profile.d/conda.sh" <<'HOOK'
conda() {
    [ "$1" = activate ] || return 2
    for directory in $(sed -n '/^envs_dirs:/,/^[^ ]/s/^  - //p' /etc/conda/.condarc); do
        [ -d "$directory/$2/conda-meta" ] || continue
        CONDA_PREFIX=$directory/$2
        PATH=$CONDA_PREFIX/bin:$PATH
        export CONDA_PREFIX PATH
        return 0
    done
    echo "EnvironmentNameNotFound: $2" >&2
    return 1
}
HOOK
