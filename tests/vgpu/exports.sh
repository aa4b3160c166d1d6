# exports.sh STAND-IN REAL: the stand-in exports what the real library does, with the same symbol version, and three names more.
exported() { nm -D --defined-only --with-symbol-versions "$1" | awk '$2 != "A" { print $3 }' | sort; }
ours=$(printf 'lotto_vgpu_%s@@libcudart.so.13 ' measure measured present)
difference=$(comm -3 <(exported "$1") <(exported "$2"))
if [ "$(tr -s '[:space:]' ' ' <<<"$difference")" != "$ours" ]; then
    printf 'exports differ (left: only the stand-in, right: only the real library):\n%s\n' "$difference"
    exit 1
fi
[ "$(exported "$2" | wc -l)" -gt 400 ]
