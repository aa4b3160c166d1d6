// CUB's device-wide work on each item and on neighbours, and batched copies, against the host's.
#include "device_wide.cuh"

#include <algorithm>
#include <cub/device/device_adjacent_difference.cuh>
#include <cub/device/device_copy.cuh>
#include <cub/device/device_for.cuh>
#include <cub/device/device_memcpy.cuh>
#include <cub/device/device_transform.cuh>
#include <cuda/std/mdspan>

// Also of unlike types, and from an address that no bulk copy may begin at.
struct weighted {
    template <class A, class B> __host__ __device__ A operator()(A a, B b) const {
        return (A)((float)a * 3 + (float)b);
    }
};
template <class A, class B> static void check_transform(int count) {
    auto a = small_items<A>(count + 1, 30), wanted = a;
    auto b = small_items<B>(count, 20);
    device_vector<A> device_a(a), out(count);
    device_vector<B> device_b(b);
    must(cub::DeviceTransform::Transform(cuda::std::make_tuple(device_a.items + 1, device_b.items), out.items,
                                         count, weighted()));
    for (int k = 0; k < count; k++)
        wanted[k] = weighted()(a[k + 1], b[k]);
    wanted.pop_back();
    expect_equal(out.host(), wanted, "DeviceTransform::Transform");
}

struct triple {
    template <class T> __device__ void operator()(T &item) const { item = item * T(3); }
};
struct add_bits {
    unsigned long long *sum;
    __device__ void operator()(unsigned item) const { atomicAdd(sum, (unsigned long long)item); }
};
struct write_square {
    uint64_t *out;
    __device__ void operator()(int place) const { out[place] = (uint64_t)place * place; }
};
struct write_place {
    int *out;
    __device__ void operator()(int linear, int row, int column) const { out[linear] = row * 1000 + column; }
};

template <class T> static void check_for_each(int count) {
    auto items = small_items<T>(count, 50);
    device_vector<T> device(items);
    must(cub::DeviceFor::ForEach(device.items, device.items + count, triple()));
    for (T &item : items)
        item = item * T(3);
    expect_equal(device.host(), items, "DeviceFor::ForEach");
}
static void check_for_ranges(int count) {
    auto items = random_items{3}.items<unsigned>(count);
    device_vector<unsigned> device(items);
    device_vector<unsigned long long> sum(std::vector<unsigned long long>{0});
    must(cub::DeviceFor::ForEachCopyN(device.items, count, add_bits{sum.items}));
    unsigned long long wanted = 0;
    for (unsigned item : items)
        wanted += item;
    expect_equal(sum.host(), {wanted}, "DeviceFor::ForEachCopyN");

    device_vector<uint64_t> squares(count);
    std::vector<uint64_t> wanted_squares(count);
    must(cub::DeviceFor::Bulk(count, write_square{squares.items}));
    for (int k = 0; k < count; k++)
        wanted_squares[k] = (uint64_t)k * k;
    expect_equal(squares.host(), wanted_squares, "DeviceFor::Bulk");

    const int rows = 37, columns = 113;
    device_vector<int> places(rows * columns);
    must(cub::DeviceFor::ForEachInExtents(cuda::std::extents<int, rows, cuda::std::dynamic_extent>{columns},
                                          write_place{places.items}));
    std::vector<int> wanted_places;
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++)
            wanted_places.push_back(row * 1000 + column);
    expect_equal(places.host(), wanted_places, "DeviceFor::ForEachInExtents");
}

template <class T> static void check_differences(int count) {
    auto items = small_items<T>(count, 100), left = items, right = items;
    for (int k = 1; k < count; k++) {
        left[k] = items[k] - items[k - 1];
        right[k - 1] = items[k - 1] - items[k];
    }
    device_vector<T> in(items), out(count);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceAdjacentDifference::SubtractLeftCopy(workspace, bytes, in.items, out.items, count);
    });
    expect_equal(out.host(), left, "DeviceAdjacentDifference::SubtractLeftCopy");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceAdjacentDifference::SubtractRight(workspace, bytes, in.items, count);
    });
    expect_equal(in.host(), right, "DeviceAdjacentDifference::SubtractRight in place");
}

// Pieces of every length, from any address to any other.
template <class T, class COPY>
static void check_batched(const char *what, int count, int longest, COPY copy) {
    auto items = any_bits<T>(count);
    auto offsets = segment_offsets(count, longest);
    int pieces = (int)offsets.size() - 1;
    device_vector<T> in(items), out(count);
    std::vector<const T *> from(pieces);
    std::vector<T *> to(pieces);
    std::vector<unsigned> sizes(pieces);
    std::vector<T> wanted(count);
    int end = count; // the pieces come in reverse
    for (int k = 0; k < pieces; k++) {
        int length = offsets[k + 1] - offsets[k];
        end -= length;
        from[k] = in.items + offsets[k], to[k] = out.items + end, sizes[k] = length;
        std::copy_n(items.begin() + offsets[k], length, wanted.begin() + end);
    }
    device_vector<const T *> device_from(from);
    device_vector<T *> device_to(to);
    device_vector<unsigned> device_sizes(sizes);
    run([&](void *workspace, size_t &bytes) {
        return copy(workspace, bytes, device_from.items, device_to.items, device_sizes.items, pieces);
    });
    expect_equal(out.host(), wanted, what);
}

int main() {
    for (int count : {1, 1000, 200000}) {
        check_transform<uint8_t, uint8_t>(count);
        check_transform<float, int16_t>(count);
        check_transform<__int128, double>(count);
        check_for_each<uint16_t>(count);
        check_for_each<__half>(count);
        check_for_ranges(count);
        check_differences<uint8_t>(count);
        check_differences<double>(count);
        check_differences<__int128>(count);
        check_batched<uint8_t>("DeviceMemcpy::Batched", count, 20000, [](void *w, size_t &b, auto... rest) {
            return cub::DeviceMemcpy::Batched(w, b, rest...);
        });
        check_batched<int64_t>("DeviceCopy::Batched", count, 9000, [](void *w, size_t &b, auto... rest) {
            return cub::DeviceCopy::Batched(w, b, rest...);
        });
    }
    printf("compared %zu items\n", compared);
}
