// Thrust's sorts, merges, operations on sets and searches against the host's. Those that merge read one key beyond those they merge
// and drop it; where no key was stored there, `--check init` says so.
#include "thrust_wide.cuh"

#include <algorithm>
#include <numeric>
#include <thrust/binary_search.h>
#include <thrust/merge.h>
#include <thrust/reverse.h>
#include <thrust/set_operations.h>
#include <thrust/sort.h>

struct by_last_digit {
    template <class T> __host__ __device__ bool operator()(T a, T b) const {
        return (long)a % 10 < (long)b % 10;
    }
};

template <class T> static void check_sorts(int count) {
    auto keys = small_items<T>(count, 120);
    std::vector<int> values(count);
    std::iota(values.begin(), values.end(), 0);
    thrust::device_vector<T> device(keys.begin(), keys.end());
    thrust::device_vector<int> device_values(values.begin(), values.end());
    auto sorted = keys;
    std::stable_sort(values.begin(), values.end(),
                     [&](int a, int b) { return by_last_digit()(keys[a], keys[b]); });
    for (int k = 0; k < count; k++)
        sorted[k] = keys[values[k]];
    thrust::stable_sort_by_key(device.begin(), device.end(), device_values.begin(), by_last_digit());
    expect_vector(device, sorted, "thrust::stable_sort_by_key's keys");
    expect_vector(device_values, values, "thrust::stable_sort_by_key's values");
    thrust::sort(device.begin(), device.end());
    std::sort(keys.begin(), keys.end());
    expect_vector(device, keys, "thrust::sort");
    thrust::reverse(device.begin(), device.end());
    std::reverse(keys.begin(), keys.end());
    expect_vector(device, keys, "thrust::reverse");
}

template <class T> static void check_sets(int count) {
    auto a = small_items<T>(count, 250), b = small_items<T>(count / 2 + 1, 200);
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    thrust::device_vector<T> first(a.begin(), a.end()), second(b.begin(), b.end()), out(a.size() + b.size());
    std::vector<T> wanted;
    auto both = [&](const char *what, auto on_device, auto on_host) {
        out.resize(a.size() + b.size());
        auto end = on_device(first.begin(), first.end(), second.begin(), second.end(), out.begin());
        wanted.clear();
        on_host(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(wanted));
        expect_until(end, out, wanted, what);
    };
    both(
        "thrust::merge", [](auto... all) { return thrust::merge(all...); },
        [](auto... all) { std::merge(all...); });
    both(
        "thrust::set_union", [](auto... all) { return thrust::set_union(all...); },
        [](auto... all) { std::set_union(all...); });
    both(
        "thrust::set_intersection", [](auto... all) { return thrust::set_intersection(all...); },
        [](auto... all) { std::set_intersection(all...); });
    both(
        "thrust::set_difference", [](auto... all) { return thrust::set_difference(all...); },
        [](auto... all) { std::set_difference(all...); });
    both(
        "thrust::set_symmetric_difference",
        [](auto... all) { return thrust::set_symmetric_difference(all...); },
        [](auto... all) { std::set_symmetric_difference(all...); });

    thrust::device_vector<int> places(b.size()), found(b.size());
    std::vector<int> wanted_places, wanted_found;
    thrust::lower_bound(first.begin(), first.end(), second.begin(), second.end(), places.begin());
    thrust::binary_search(first.begin(), first.end(), second.begin(), second.end(), found.begin());
    for (const T &item : b) {
        wanted_places.push_back((int)(std::lower_bound(a.begin(), a.end(), item) - a.begin()));
        wanted_found.push_back(std::binary_search(a.begin(), a.end(), item));
    }
    expect_vector(places, wanted_places, "thrust::lower_bound");
    expect_vector(found, wanted_found, "thrust::binary_search");
}

int main() {
    for (int count : {1, 1000, 50000}) {
        check_sorts<uint8_t>(count);
        check_sorts<double>(count);
        check_sets<int>(count);
    }
    printf("compared %zu items\n", compared);
}
