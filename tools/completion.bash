# SPDX-License-Identifier: MIT
# completion.bash: what could follow `make`, `basin` and stages at the prompt, in this
# project.
#
#     . ~/basin/tools/completion.bash          # for good: in ~/.bashrc
#
# The programs of a project run only where you have loaded this file from it, so that TAB in
# a folder of somebody else's runs nothing.  Elsewhere `make` completes as before.
# shellcheck shell=bash

declare -gA _basin_roots
_basin_root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P) &&
    _basin_roots[$_basin_root]=1

# What `build/basin complete` offers for the line up to the cursor; false if nothing.
_basin_offer() {
    local root=$1 space='' candidates=()
    COMPREPLY=()
    [[ -x $root/build/basin ]] || return 1
    {
        IFS= read -r space
        mapfile -t candidates
    } < <("$root/build/basin" complete "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" \
        2>/dev/null)
    COMPREPLY=("${candidates[@]}")
    [[ $space == nospace ]] && compopt -o nospace 2>/dev/null
    ((${#COMPREPLY[@]} > 0))
}

_basin() {
    local here
    here=$(pwd -P)
    if [[ -n ${_basin_roots[$here]-} ]]; then
        _basin_offer "$here"
    else
        _basin_offer "$_basin_root"
    fi
    return 0
}

_basin_make() {
    local here
    here=$(pwd -P)
    if [[ -n ${_basin_roots[$here]-} ]]; then
        _basin_offer "$here"
        return 0
    fi
    # Not in the project: what bash-completion has for make, loaded when it is first needed.
    if ! declare -F _make >/dev/null && declare -F _completion_loader >/dev/null; then
        _completion_loader make
        complete -o bashdefault -o default -F _basin_make make gmake
    fi
    if declare -F _make >/dev/null; then
        _make "$@"
    fi
}

complete -o bashdefault -o default -F _basin basin
for _basin_stage in "$_basin_root"/stages/*.c; do
    _basin_stage=${_basin_stage##*/}
    complete -o bashdefault -o default -F _basin "build/stages/${_basin_stage%.c}"
done
unset _basin_stage
complete -o bashdefault -o default -F _basin_make make gmake
