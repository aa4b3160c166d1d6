# exports12.sh STAND-IN NAMES: the stand-in for CUDA 12 exports the names of the list, with that version, and three more.
exported() { nm -D --defined-only --with-symbol-versions "$1" | awk '$2 != "A" { print $3 }' | sort; }
wanted() {
    cat "$1"
    printf 'lotto_vgpu_%s\n' measure measured present
}
difference=$(comm -3 <(exported "$1") <(wanted "$2" | sed 's/$/@@libcudart.so.12/' | sort))
if [ -n "$difference" ]; then
    printf 'exports differ (left: only the stand-in, right: only the list):\n%s\n' "$difference"
    exit 1
fi
[ "$(wc -l <"$2")" -gt 400 ]
