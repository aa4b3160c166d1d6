# mutate.sh SCRIPT BUILD: scripts/mutate draws from everywhere, the same for the same seed, and tells mistakes that are noticed from those that are not.
set -euo pipefail
script=$1
export LOTTO_BUILD=$2

if ! git -C "$(dirname "$script")" rev-parse --git-dir >/dev/null 2>&1; then
    echo "skipped: not a git checkout, so no list of tracked files"
    exit 77
fi

say() {
    echo "$1"
    exit 1
}
# tried STATUS PATTERN OLD NEW: one mistake in the reader of fat binaries, whose suite needs no other source.
tried() {
    local status=0 said
    said=$("$script" --tests '^vgpu_fatbin$' --try host/vgpu/runtime/fatbin.c "$3" "$4" 2>&1) || status=$?
    echo "$said"
    [ $status = "$1" ] || say "exit status $status; expected $1"
    grep -qE "$2" <<<"$said" || say "it does not say: $2"
}

drawn=$("$script" --list --seed 7)
[ "$(grep -c 'host/vgpu/.*\.c:[0-9]' <<<"$drawn")" = 60 ] || say "not 60 places"
for area in handlers scheduler reader runtime 'memory and checks'; do
    [ "$(grep -cE "^ *[0-9]+  $area  " <<<"$drawn")" = 12 ] || say "not 12 places of $area"
done
[ "$("$script" --list --seed 7)" = "$drawn" ] || say "the same seed draws other places"
[ "$("$script" --list --seed 8)" != "$drawn" ] || say "another seed draws the same places"

tried 0 '^ +vgpu_fatbin$' "suffix == 'f'" "suffix == 'g'"
tried 1 '^ +SURVIVED$' 'TEXT_MAX = 1 << 30' 'TEXT_MAX = 1 << 29'
tried 0 'no mistake: ' 'return number == architecture;' 'return architecture == number;'
tried 0 'no mistake: ' 'return number == architecture;' 'return number = = architecture;'
tried 1 "stands 3 times" 'return NULL' 'return 0'
