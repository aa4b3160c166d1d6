#!/usr/bin/env bash
# install.sh BUILD_DIR CUDA_TOOLKIT CUDA_LIBRARY_DIR: installs lotto to a temporary prefix, moves it elsewhere (an installed tree
# may be moved), runs the command, and builds and runs a C11 and a C++17 program with the library, shared and static, found by
# find_package and by pkg-config.
set -euo pipefail
build=$1 toolkit=$2 cuda_libraries=$3
here=$(cd "$(dirname "$0")" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What a build tool prints is of interest only when it fails.
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" && false; }; }

quietly cmake --install "$build" --prefix "$work/staged"
mv "$work/staged" "$work/prefix"
prefix=$work/prefix

for file in bin/lotto include/lotto/lotto.h lib/liblotto.so lib/liblotto.so.0.1 lib/liblotto_static.a \
    lib/lotto/vgpu/libcudart.so.13 lib/lotto/vgpu/libcudart.so.12 lib/pkgconfig/lotto.pc lib/cmake/lotto/lottoConfig.cmake share/doc/lotto/LICENSE; do
    if [ ! -f "$prefix/$file" ]; then
        echo "not installed: $file"
        exit 1
    fi
done

# The command starts where no CUDA runtime is installed: the last folder it looks in is the virtual GPU's, and that one
# suffices.
runpath=$(readelf -d "$prefix/bin/lotto" | sed -n 's/.*(RUNPATH).*\[\(.*\)\]/\1/p')
if [ "${runpath##*:}" != "\$ORIGIN/../lib/lotto/vgpu" ]; then
    echo "the command's RUNPATH does not end with the virtual GPU's folder: $runpath"
    exit 1
fi
"$prefix/bin/lotto" --version
LD_LIBRARY_PATH=$prefix/lib/lotto/vgpu "$prefix/bin/lotto" --version
"$prefix/bin/lotto" sample "$here/../data/smollm2-135m-instruct.f16.safetensors" --rows 0:1 --verify --device virtual

# Where the CUDA runtime lies in no default folder, a program's user names its folder.
export LD_LIBRARY_PATH=$cuda_libraries

# run PROGRAM: a consumer prints the first token of each of its two rows.
run() {
    local tokens
    tokens=$("$1")
    echo "$(basename "$1"): tokens $tokens"
    [ "$tokens" = "1 0" ]
}

quietly cmake -S "$here" -B "$work/find_package" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCUDAToolkit_ROOT="$toolkit"
quietly cmake --build "$work/find_package"
for program in c_lotto c_lotto_static cpp_lotto cpp_lotto_static; do
    run "$work/find_package/$program"
done

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
mkdir "$work/pkg-config"
cp "$here/consumer.c" "$work/pkg-config/consumer.cpp"
cp "$here/consumer.c" "$work/pkg-config/"
cd "$work/pkg-config"
read -ra shared < <(pkg-config --cflags --libs lotto)
shared+=("-Wl,-rpath,$prefix/lib,-rpath-link,$cuda_libraries")
read -ra static < <(pkg-config --static --cflags --libs lotto | sed 's/-llotto\b/-l:liblotto_static.a/')
gcc -std=c11 consumer.c "${shared[@]}" -o c_shared
gcc -std=c11 consumer.c "${static[@]}" -o c_static
g++ -std=c++17 consumer.cpp "${shared[@]}" -o cpp_shared
g++ -std=c++17 consumer.cpp "${static[@]}" -o cpp_static
for program in c_shared c_static cpp_shared cpp_static; do
    run "$work/pkg-config/$program"
done
