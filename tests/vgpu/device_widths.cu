// CUB's device-wide families on items of 8 to 128 bits and short floats, each against the host's: what the other programs of CUB's
// algorithms, which look at one family closely, leave out.
#include "device_wide.cuh"

#include <algorithm>
#include <cub/device/device_histogram.cuh>
#include <cub/device/device_partition.cuh>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_run_length_encode.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_segmented_reduce.cuh>
#include <cub/device/device_select.cuh>
#include <cub/util_allocator.cuh>
#include <numeric>

struct is_even {
    template <class T> __host__ __device__ bool operator()(const T &x) const {
        return ((int)(float)x & 1) == 0;
    }
};

template <class T> static void check_radix_sort(int count) {
    auto keys = any_bits<T>(count);
    std::vector<uint8_t> values = small_items<uint8_t>(count, 256), sorted_values(count);
    std::vector<int> places(count);
    std::iota(places.begin(), places.end(), 0);
    device_vector<T> in(keys), out(count);
    device_vector<uint8_t> values_in(values), values_out(count);
    cub::DoubleBuffer<T> key_buffer(in.items, out.items);
    cub::DoubleBuffer<uint8_t> value_buffer(values_in.items, values_out.items);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceRadixSort::SortPairs(workspace, bytes, key_buffer, value_buffer, count);
    });
    std::stable_sort(places.begin(), places.end(), [&](int a, int b) { return keys[a] < keys[b]; });
    for (int k = 0; k < count; k++)
        sorted_values[k] = values[places[k]];
    std::sort(keys.begin(), keys.end());
    expect_equal((key_buffer.selector ? out : in).host(), keys, "DeviceRadixSort::SortPairs' keys");
    expect_equal((value_buffer.selector ? values_out : values_in).host(), sorted_values,
                 "DeviceRadixSort::SortPairs' values");
}

// Sums whose order does not matter: of integers any bits, of floats few small numbers.
template <class T> static std::vector<T> addends(int count) {
    if (!is_float<T>)
        return any_bits<T>(count);
    std::vector<T> items(count, T(0));
    for (int k = 0; k < count; k += count / 50 + 1)
        items[k] = T((float)(k % 7));
    return items;
}
template <class T> static void check_scan_and_reduce(int count) {
    auto items = addends<T>(count), sums = items;
    std::partial_sum(items.begin(), items.end(), sums.begin(), [](T a, T b) { return T(a + b); });
    device_vector<T> in(items), out(count), one(1);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceScan::InclusiveScan(workspace, bytes, in.items, out.items, cuda::std::plus<>{},
                                              count);
    });
    expect_equal(out.host(), sums, "DeviceScan::InclusiveScan");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceReduce::Reduce(workspace, bytes, in.items, one.items, count, cuda::std::plus<>{},
                                         T(0.f));
    });
    expect_equal(one.host(), {sums.back()}, "DeviceReduce::Reduce");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceReduce::Max(workspace, bytes, in.items, one.items, count);
    });
    expect_equal(one.host(), {*std::max_element(items.begin(), items.end(), below())}, "DeviceReduce::Max");

    std::vector<int> offsets;
    std::vector<T> wanted;
    for (int k = 0; k < count; k += 97) {
        offsets.push_back(k);
        wanted.push_back(*std::min_element(&items[k], &items[std::min(k + 97, count) - 1] + 1, below()));
    }
    offsets.push_back(count);
    device_vector<int> device_offsets(offsets);
    device_vector<T> least(wanted.size());
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceSegmentedReduce::Min(workspace, bytes, in.items, least.items, (int)wanted.size(),
                                               device_offsets.items, device_offsets.items + 1);
    });
    expect_equal(least.host(), wanted, "DeviceSegmentedReduce::Min");
}

// Keys in runs: their sums, first items and lengths, and scans that begin again with each.
template <class KEY, class T> static void check_by_key(int count) {
    auto keys = small_items<KEY>(count, 3);
    auto items = addends<T>(count), scanned = items;
    std::vector<KEY> unique;
    std::vector<T> sums, firsts;
    std::vector<int> lengths;
    for (int k = 0; k < count; k++) {
        bool begins = k == 0 || keys[k] != keys[k - 1];
        if (begins) {
            unique.push_back(keys[k]), firsts.push_back(items[k]);
            sums.push_back(items[k]), lengths.push_back(1);
        } else {
            sums.back() = sums.back() + items[k], lengths.back()++;
            scanned[k] = scanned[k - 1] + items[k];
        }
    }
    device_vector<KEY> device_keys(keys), keys_out(count);
    device_vector<T> in(items), out(count);
    device_vector<int> runs(1), lengths_out(count);
    auto expect_runs = [&](const char *what) {
        expect_equal(runs.host(), {(int)unique.size()}, what);
        expect_equal(keys_out.host(), unique, what);
    };
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceReduce::ReduceByKey(workspace, bytes, device_keys.items, keys_out.items, in.items,
                                              out.items, runs.items, cuda::std::plus<>{}, count);
    });
    expect_runs("DeviceReduce::ReduceByKey's keys");
    expect_equal(out.host(), sums, "DeviceReduce::ReduceByKey's sums");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceSelect::UniqueByKey(workspace, bytes, device_keys.items, in.items, keys_out.items,
                                              out.items, runs.items, count);
    });
    expect_runs("DeviceSelect::UniqueByKey's keys");
    expect_equal(out.host(), firsts, "DeviceSelect::UniqueByKey's items");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceScan::InclusiveSumByKey(workspace, bytes, device_keys.items, in.items, out.items,
                                                  count);
    });
    expect_equal(out.host(), scanned, "DeviceScan::InclusiveSumByKey");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceRunLengthEncode::Encode(workspace, bytes, device_keys.items, keys_out.items,
                                                  lengths_out.items, runs.items, count);
    });
    expect_runs("DeviceRunLengthEncode::Encode's keys");
    expect_equal(lengths_out.host(), lengths, "DeviceRunLengthEncode::Encode's lengths");
}

template <class T> static void check_select(int count) {
    auto items = small_items<T>(count, 100);
    auto flags = small_items<int>(count, 50);
    device_vector<T> in(items), out(count);
    device_vector<int> device_flags(flags), selected(1);
    std::vector<T> wanted, rest;
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceSelect::FlaggedIf(workspace, bytes, in.items, device_flags.items, out.items,
                                            selected.items, count, is_even());
    });
    for (int k = 0; k < count; k++)
        if (flags[k] % 2 == 0)
            wanted.push_back(items[k]);
    expect_equal(selected.host(), {(int)wanted.size()}, "DeviceSelect::FlaggedIf's count");
    expect_equal(out.host(), wanted, "DeviceSelect::FlaggedIf");

    run([&](void *workspace, size_t &bytes) {
        return cub::DevicePartition::If(workspace, bytes, in.items, out.items, selected.items, count,
                                        is_even());
    });
    wanted.clear();
    for (const T &item : items)
        (is_even()(item) ? wanted : rest).push_back(item);
    expect_equal(selected.host(), {(int)wanted.size()}, "DevicePartition::If's count");
    wanted.insert(wanted.end(), rest.rbegin(), rest.rend());
    expect_equal(out.host(), wanted, "DevicePartition::If");
}

// Of four channels three are counted.
static void check_channels(int pixels) {
    const int levels = 65;
    auto samples = small_items<uint8_t>(4 * pixels, 256);
    device_vector<uint8_t> in(samples);
    device_vector<int> red(levels - 1), green(levels - 1), blue(levels - 1);
    std::vector<int> wanted[3];
    cuda::std::array<int *, 3> bins{red.items, green.items, blue.items};
    cuda::std::array<int, 3> level_counts{levels, levels, levels}, lowest{0, 64, 10}, highest{256, 192, 74};
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceHistogram::MultiHistogramEven<4, 3>(workspace, bytes, in.items, bins, level_counts,
                                                              lowest, highest, pixels);
    });
    for (int channel = 0; channel < 3; channel++) {
        wanted[channel].resize(levels - 1);
        int width = (highest[channel] - lowest[channel]) / (levels - 1);
        for (int k = 0; k < pixels; k++) {
            int sample = samples[4 * k + channel];
            if (sample >= lowest[channel] && sample < highest[channel])
                wanted[channel][(sample - lowest[channel]) / width]++;
        }
    }
    expect_equal(red.host(), wanted[0], "DeviceHistogram::MultiHistogramEven, first channel");
    expect_equal(green.host(), wanted[1], "DeviceHistogram::MultiHistogramEven, second channel");
    expect_equal(blue.host(), wanted[2], "DeviceHistogram::MultiHistogramEven, third channel");
}

static void check_allocator() {
    cub::CachingDeviceAllocator allocator;
    void *first = nullptr, *again = nullptr;
    must(allocator.DeviceAllocate(&first, 3000));
    must(allocator.DeviceFree(first));
    must(allocator.DeviceAllocate(&again, 2900));
    expect(first == again, "CachingDeviceAllocator gives a freed block again");
    must(allocator.DeviceFree(again));
    must(allocator.FreeAllCached());
}

int main() {
    for (int count : {1, 3000, 50000}) {
        check_radix_sort<__int128>(count);
        check_radix_sort<unsigned __int128>(count);
        check_scan_and_reduce<uint16_t>(count);
        check_scan_and_reduce<__half>(count);
        check_scan_and_reduce<__nv_bfloat16>(count);
        check_scan_and_reduce<unsigned __int128>(count);
        check_by_key<uint8_t, unsigned __int128>(count);
        check_by_key<unsigned __int128, float>(count);
        check_select<__half>(count);
        check_select<__int128>(count);
        check_channels(count);
    }
    check_allocator();
    printf("compared %zu items\n", compared);
}
