// CUB's device-wide scans, reductions and histograms of a million items against the host's. Sums of floats are of small whole
// numbers, exact in any order, but for one of any numbers, whose order CUB leaves open.
#include "device_wide.cuh"

#include <algorithm>
#include <cmath>
#include <cub/device/device_histogram.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_segmented_reduce.cuh>
#include <numeric>

// Composition of linear maps: associative, not commutative.
struct linear {
    unsigned times, plus;
};
struct composed {
    __host__ __device__ linear operator()(linear f, linear g) const {
        return {f.times * g.times, f.plus * g.times + g.plus};
    }
};

template <class T> static void check_scans(int count) {
    auto items = small_items<T>(count, 5);
    auto keys = small_items<int>(count, 2);
    device_vector<T> in(items), out(count);
    device_vector<int> device_keys(keys);
    std::vector<T> inclusive(count), exclusive(count), by_key(count), most(count);
    T sum = 0, key_sum = 0, largest = 0;
    for (int k = 0; k < count; k++) {
        if (k == 0 || keys[k] != keys[k - 1])
            key_sum = 0;
        exclusive[k] = sum, by_key[k] = key_sum;
        sum = sum + items[k], key_sum = key_sum + items[k], largest = std::max(largest, items[k]);
        inclusive[k] = sum, most[k] = largest;
    }
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceScan::InclusiveSum(workspace, bytes, in.items, out.items, count);
    });
    expect_equal(out.host(), inclusive, "DeviceScan::InclusiveSum");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceScan::ExclusiveSum(workspace, bytes, in.items, out.items, count);
    });
    expect_equal(out.host(), exclusive, "DeviceScan::ExclusiveSum");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceScan::ExclusiveSumByKey(workspace, bytes, device_keys.items, in.items, out.items,
                                                  count);
    });
    expect_equal(out.host(), by_key, "DeviceScan::ExclusiveSumByKey");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceScan::InclusiveScan(workspace, bytes, in.items, out.items, cuda::maximum<>{},
                                              count);
    });
    expect_equal(out.host(), most, "DeviceScan::InclusiveScan");
}

static void check_custom_scan(int count) {
    std::vector<linear> maps(count);
    random_items random{7};
    for (linear &map : maps)
        map = {(unsigned)random.next() | 1, (unsigned)random.next()};
    device_vector<linear> in(maps), out(count);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceScan::InclusiveScan(workspace, bytes, in.items, out.items, composed(), count);
    });
    for (int k = 1; k < count; k++)
        maps[k] = composed()(maps[k - 1], maps[k]);
    expect_equal(out.host(), maps, "DeviceScan::InclusiveScan of linear maps");
}

template <class T> static void check_reductions(int count) {
    auto items = small_items<T>(count, 200);
    device_vector<T> in(items), out(1);
    device_vector<int64_t> place(1);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceReduce::Sum(workspace, bytes, in.items, out.items, count);
    });
    expect_equal(out.host(), {std::accumulate(items.begin(), items.end(), T(0))}, "DeviceReduce::Sum");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceReduce::Min(workspace, bytes, in.items, out.items, count);
    });
    auto least = std::min_element(items.begin(), items.end());
    expect_equal(out.host(), {*least}, "DeviceReduce::Min");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceReduce::ArgMin(workspace, bytes, in.items, out.items, place.items, (int64_t)count);
    });
    expect_equal(out.host(), {*least}, "DeviceReduce::ArgMin's item");
    expect_equal(place.host(), {(int64_t)(least - items.begin())}, "DeviceReduce::ArgMin's place");

    auto offsets = segment_offsets(count, 50000);
    int segments = (int)offsets.size() - 1;
    device_vector<int> device_offsets(offsets);
    device_vector<T> sums(segments);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceSegmentedReduce::Sum(workspace, bytes, in.items, sums.items, segments,
                                               device_offsets.items, device_offsets.items + 1);
    });
    std::vector<T> wanted(segments);
    for (int k = 0; k < segments; k++)
        wanted[k] = std::accumulate(items.begin() + offsets[k], items.begin() + offsets[k + 1], T(0));
    expect_equal(sums.host(), wanted, "DeviceSegmentedReduce::Sum");
}

template <class T> static void check_reduce_by_key(int count) {
    auto items = small_items<T>(count, 10);
    std::vector<int> keys = small_items<int>(count, 3), wanted_keys;
    std::vector<T> wanted;
    for (int k = 0; k < count; k++) {
        if (k == 0 || keys[k] != keys[k - 1])
            wanted_keys.push_back(keys[k]), wanted.push_back(0);
        wanted.back() = wanted.back() + items[k];
    }
    device_vector<int> device_keys(keys), keys_out(count), runs(1);
    device_vector<T> in(items), out(count);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceReduce::ReduceByKey(workspace, bytes, device_keys.items, keys_out.items, in.items,
                                              out.items, runs.items, cuda::std::plus<>{}, count);
    });
    expect(runs.host()[0] == (int)wanted.size(), "DeviceReduce::ReduceByKey's count");
    expect_equal(keys_out.host(), wanted_keys, "DeviceReduce::ReduceByKey's keys");
    expect_equal(out.host(), wanted, "DeviceReduce::ReduceByKey's sums");
}

// Any numbers: the error of a sum in any order is at most (n - 1) roundings of the sum of sizes; a tree's is far less.
template <class T> static void check_float_sum(int count) {
    auto items = random_items{11}.items<T>(count);
    device_vector<T> in(items), out(1), again(1);
    auto sum_into = [&](device_vector<T> &to) {
        run([&](void *workspace, size_t &bytes) {
            return cub::DeviceReduce::Sum(workspace, bytes, in.items, to.items, count);
        });
    };
    sum_into(out), sum_into(again);
    long double exact = 0, size = 0;
    for (T item : items)
        exact += item, size += std::fabs(item);
    expect(std::fabs(out.host()[0] - exact) <= 64 * std::numeric_limits<T>::epsilon() * size,
           "DeviceReduce::Sum of any floats");
    expect(same_bits(out.host()[0], again.host()[0]), "DeviceReduce::Sum gives the same sum again");
    compared += 2;
}

template <class T> static void check_histogram(int count) {
    auto items = small_items<T>(count, 256);
    device_vector<T> in(items);
    const int bins = 64;
    device_vector<int> even(bins), range(4);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceHistogram::HistogramEven(workspace, bytes, in.items, even.items, bins + 1, T(0),
                                                   T(192), count);
    });
    std::vector<int> wanted(bins), wanted_range(4);
    for (T item : items)
        if (item < T(192))
            wanted[(int)item / 3]++;
    expect_equal(even.host(), wanted, "DeviceHistogram::HistogramEven");
    const std::vector<T> levels = {5, 10, 77, 78, 200};
    device_vector<T> device_levels(levels);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceHistogram::HistogramRange(workspace, bytes, in.items, range.items, 5,
                                                    device_levels.items, count);
    });
    for (T item : items)
        for (int k = 0; k < 4; k++)
            wanted_range[k] += item >= levels[k] && item < levels[k + 1];
    expect_equal(range.host(), wanted_range, "DeviceHistogram::HistogramRange");
}

int main() {
    for (int count : {1, 5000, million}) {
        check_scans<uint8_t>(count);
        check_scans<int32_t>(count);
        check_scans<double>(count);
        check_custom_scan(count);
        check_reductions<int16_t>(count);
        check_reductions<uint64_t>(count);
        check_reductions<double>(count);
        check_reduce_by_key<float>(count);
        check_float_sum<float>(count);
        check_histogram<uint8_t>(count);
        check_histogram<int32_t>(count);
    }
    printf("compared %zu items\n", compared);
}
