// CUB's device-wide sorts of a million items against the host's. A floating key is ordered by its bits, NaNs outermost, but that
// zeros of both signs are equal, as CUB documents.
#include "device_wide.cuh"

#include <algorithm>
#include <cub/device/device_merge_sort.cuh>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_segmented_radix_sort.cuh>
#include <cub/device/device_segmented_sort.cuh>
#include <numeric>

// The order of keys as unsigned integers.
template <class T> static uint64_t rank_of(T key) {
    uint64_t bits = 0, sign = (uint64_t)1 << (8 * sizeof(T) - 1);
    memcpy(&bits, &key, sizeof key);
    if (is_float<T>)
        return bits == sign ? sign : bits & sign ? ~bits & (sign * 2 - 1) : bits | sign;
    return std::is_signed_v<T> ? bits ^ sign : bits;
}

// The places of the keys of [begin, end) in sorted order; equal ones keep theirs.
template <class T>
static void sort_places(const std::vector<T> &keys, std::vector<int> &places, int begin, int end,
                        bool descending) {
    std::stable_sort(places.begin() + begin, places.begin() + end, [&](int a, int b) {
        return descending ? rank_of(keys[b]) < rank_of(keys[a]) : rank_of(keys[a]) < rank_of(keys[b]);
    });
}
template <class T>
static std::vector<T> in_places(const std::vector<T> &keys, const std::vector<int> &places) {
    std::vector<T> sorted(keys.size());
    for (size_t k = 0; k < keys.size(); k++)
        sorted[k] = keys[places[k]];
    return sorted;
}
static std::vector<int> places_of(int count) {
    std::vector<int> places(count);
    std::iota(places.begin(), places.end(), 0);
    return places;
}

// Pairs rising, keys falling.
template <class T> static void check_radix_sort(int count) {
    auto keys = any_bits<T>(count);
    auto places = places_of(count);
    device_vector<T> in(keys), out(count);
    device_vector<int> values(places), values_out(count);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceRadixSort::SortPairs(workspace, bytes, in.items, out.items, values.items,
                                               values_out.items, count);
    });
    sort_places(keys, places, 0, count, false);
    expect_equal(values_out.host(), places, "DeviceRadixSort::SortPairs' values");
    expect_equal(out.host(), in_places(keys, places), "DeviceRadixSort::SortPairs' keys");

    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceRadixSort::SortKeysDescending(workspace, bytes, in.items, out.items, count);
    });
    places = places_of(count);
    sort_places(keys, places, 0, count, true);
    expect_equal(out.host(), in_places(keys, places), "DeviceRadixSort::SortKeysDescending");
}

template <class T, class SORT>
static void check_segments(const char *what, const std::vector<T> &keys, int longest, bool descending,
                           SORT sort) {
    int count = (int)keys.size();
    auto places = places_of(count), offsets = segment_offsets(count, longest);
    int segments = (int)offsets.size() - 1;
    device_vector<T> in(keys), out(count);
    device_vector<int> values(places), values_out(count), device_offsets(offsets);
    run([&](void *workspace, size_t &bytes) {
        return sort(workspace, bytes, in.items, out.items, values.items, values_out.items, count, segments,
                    device_offsets.items, device_offsets.items + 1);
    });
    for (int k = 0; k < segments; k++)
        sort_places(keys, places, offsets[k], offsets[k + 1], descending);
    expect_equal(values_out.host(), places, what);
    expect_equal(out.host(), in_places(keys, places), what);
}

struct record {
    int major;
    short minor, place;
};
struct earlier {
    __host__ __device__ bool operator()(const record &a, const record &b) const {
        return a.major != b.major ? a.major < b.major : a.minor < b.minor;
    }
    __host__ __device__ bool operator()(double a, double b) const { return a < b; }
};

static void check_merge_sort(int count) {
    std::vector<record> records(count);
    random_items random{5};
    for (int k = 0; k < count; k++)
        records[k] = {(int)(random.next() % 1000), (short)(random.next() % 20), (short)k};
    device_vector<record> in(records);
    auto places = places_of(count);
    device_vector<int> values(places);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceMergeSort::StableSortPairs(workspace, bytes, in.items, values.items, count,
                                                     earlier());
    });
    std::stable_sort(places.begin(), places.end(),
                     [&](int a, int b) { return earlier()(records[a], records[b]); });
    expect_equal(values.host(), places, "DeviceMergeSort::StableSortPairs' values");
    expect_equal(in.host(), in_places(records, places), "DeviceMergeSort::StableSortPairs' keys");

    auto numbers = random.items<double>(count);
    device_vector<double> device(numbers);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceMergeSort::SortKeys(workspace, bytes, device.items, count, earlier());
    });
    std::sort(numbers.begin(), numbers.end());
    expect_equal(device.host(), numbers, "DeviceMergeSort::SortKeys");
}

template <class T> static void check_radix_sorts() {
    check_radix_sort<T>(1000);
    check_radix_sort<T>(million);
}

int main() {
    check_radix_sorts<uint8_t>();
    check_radix_sorts<uint16_t>();
    check_radix_sorts<int32_t>();
    check_radix_sorts<uint64_t>();
    check_radix_sorts<float>();
    check_radix_sorts<double>();
    check_radix_sorts<__half>();
    check_radix_sorts<__nv_bfloat16>();
    check_segments("DeviceSegmentedRadixSort::SortPairs", any_bits<__half>(million), 20000, false,
                   [](void *w, size_t &b, auto... rest) {
                       return cub::DeviceSegmentedRadixSort::SortPairs(w, b, rest...);
                   });
    check_segments("DeviceSegmentedRadixSort::SortPairsDescending", any_bits<double>(million), 5000, true,
                   [](void *w, size_t &b, auto... rest) {
                       return cub::DeviceSegmentedRadixSort::SortPairsDescending(w, b, rest...);
                   });
    check_segments("DeviceSegmentedSort::StableSortPairs", any_bits<int64_t>(million), 30000, false,
                   [](void *w, size_t &b, auto... rest) {
                       return cub::DeviceSegmentedSort::StableSortPairs(w, b, rest...);
                   });
    // Short segments are merged, so NaNs have no place there.
    auto numbers = any_bits<float>(million);
    for (float &number : numbers)
        number = number != number ? 1 : number;
    check_segments("DeviceSegmentedSort::StableSortPairsDescending", numbers, 9000, true,
                   [](void *w, size_t &b, auto... rest) {
                       return cub::DeviceSegmentedSort::StableSortPairsDescending(w, b, rest...);
                   });
    check_merge_sort(million);
    printf("compared %zu items\n", compared);
}
