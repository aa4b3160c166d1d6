// What CUB has gained since the toolkit's: the top k, scans of segments and searches, of the copy in RMM's wheel, against the host's.
#include "../device_wide.cuh"

#include <algorithm>
#include <cub/device/device_find.cuh>
#include <cub/device/device_segmented_scan.cuh>
#include <cub/device/device_topk.cuh>
#include <cuda/execution>

// The k first items in order, with where they were; the order they come in and which of equal ones is open.
template <class T> static void check_top_k(int count, int k) {
    auto keys = small_items<T>(count, 2000);
    std::vector<int> places(count);
    for (int i = 0; i < count; i++)
        places[i] = i;
    auto any = cuda::execution::require(cuda::execution::determinism::not_guaranteed,
                                        cuda::execution::output_ordering::unsorted);
    device_vector<T> in(keys), out(k);
    device_vector<int> values(places), values_out(k);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceTopK::MaxPairs(workspace, bytes, in.items, out.items, values.items,
                                         values_out.items, count, k, any);
    });
    auto most = out.host();
    auto most_places = values_out.host();
    for (int i = 0; i < k; i++)
        expect(same_bits(keys[most_places[i]], most[i]), "DeviceTopK::MaxPairs' values");
    std::sort(most_places.begin(), most_places.end());
    expect(std::unique(most_places.begin(), most_places.end()) == most_places.end(),
           "DeviceTopK::MaxPairs gives no item twice");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceTopK::MinKeys(workspace, bytes, in.items, out.items, count, k, any);
    });
    auto least = out.host();
    std::sort(keys.begin(), keys.end(), below());
    std::sort(most.begin(), most.end(), below());
    std::sort(least.begin(), least.end(), below());
    expect_equal(most, std::vector<T>(keys.end() - k, keys.end()), "DeviceTopK::MaxPairs' keys");
    expect_equal(least, std::vector<T>(keys.begin(), keys.begin() + k), "DeviceTopK::MinKeys");
}

template <class T> static void check_segmented_scan(int count) {
    auto items = small_items<T>(count, 5), wanted = items;
    auto offsets = segment_offsets(count, 3000);
    for (size_t segment = 0; segment + 1 < offsets.size(); segment++) {
        T sum = 0;
        for (int k = offsets[segment]; k < offsets[segment + 1]; k++)
            wanted[k] = sum, sum += items[k];
    }
    device_vector<T> in(items), out(count);
    device_vector<int> device_offsets(offsets);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceSegmentedScan::ExclusiveSegmentedSum(workspace, bytes, in.items, out.items,
                                                               device_offsets.items, device_offsets.items + 1,
                                                               (int64_t)offsets.size() - 1);
    });
    expect_equal(out.host(), wanted, "DeviceSegmentedScan::ExclusiveSegmentedSum");
}

struct is_over {
    int limit;
    __host__ __device__ bool operator()(int x) const { return x > limit; }
};
static void check_searches(int count) {
    auto items = small_items<int>(count, 1000), sought = small_items<int>(500, 1100);
    device_vector<int> in(items), place(1), places(sought.size()), device_sought(sought);
    for (int limit : {-1, 500, 990, 1000}) {
        run([&](void *workspace, size_t &bytes) {
            return cub::DeviceFind::FindIf(workspace, bytes, in.items, place.items, is_over{limit}, count);
        });
        auto first = std::find_if(items.begin(), items.end(), is_over{limit});
        expect_equal(place.host(), {(int)(first - items.begin())}, "DeviceFind::FindIf");
    }
    std::sort(items.begin(), items.end());
    device_vector<int> sorted(items);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceFind::LowerBound(workspace, bytes, sorted.items, count, device_sought.items,
                                           (int)sought.size(), places.items, below());
    });
    std::vector<int> wanted;
    for (int item : sought)
        wanted.push_back((int)(std::lower_bound(items.begin(), items.end(), item) - items.begin()));
    expect_equal(places.host(), wanted, "DeviceFind::LowerBound");
}

int main() {
    for (int count : {100, 5000, 200000}) {
        check_top_k<float>(count, 50);
        check_top_k<__half>(count, 100);
        check_top_k<uint64_t>(count, count / 3);
        check_segmented_scan<int64_t>(count);
        check_segmented_scan<uint8_t>(count);
        check_searches(count);
    }
    printf("compared %zu items\n", compared);
}
