// CUB's device-wide scan, radix sort and segmented radix sort against the host's, for several types and sizes.
#include "expect.cuh"

#include <algorithm>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_segmented_radix_sort.cuh>
#include <numeric>

static size_t compared;

// Runs a device algorithm twice, as CUB wants: to ask for its workspace, then with it.
template <class CALL> static void run(CALL call) {
    size_t bytes = 0;
    must(call(nullptr, bytes));
    device_vector<uint8_t> workspace(bytes + 1);
    must(call(workspace.items, bytes));
    must(cudaDeviceSynchronize());
}

template <class T> static void check_scan(int count) {
    auto in = random_items{(uint64_t)count}.items<T>(count);
    device_vector<T> device_in(in), device_out(count);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceScan::InclusiveSum(workspace, bytes, device_in.items, device_out.items, count);
    });
    std::vector<T> sums(count);
    std::partial_sum(in.begin(), in.end(), sums.begin());
    expect(device_out.host() == sums, "DeviceScan::InclusiveSum");
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceScan::ExclusiveSum(workspace, bytes, device_in.items, device_out.items, count);
    });
    auto shifted = device_out.host();
    for (int i = 0; i < count; i++)
        expect(shifted[i] == (i ? sums[i - 1] : T()), "DeviceScan::ExclusiveSum");
    compared += 2 * count;
}

template <class T> static void check_sort(int count) {
    auto in = random_items{(uint64_t)count + 1}.items<T>(count);
    std::vector<int> order(count);
    std::iota(order.begin(), order.end(), 0);
    device_vector<T> device_in(in), device_out(count);
    device_vector<int> values_in(order), values_out(count);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceRadixSort::SortPairs(workspace, bytes, device_in.items, device_out.items,
                                               values_in.items, values_out.items, count);
    });
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return in[a] < in[b]; });
    expect(values_out.host() == order, "DeviceRadixSort's order");
    auto keys = device_out.host();
    for (int i = 0; i < count; i++)
        expect(keys[i] == in[order[i]], "DeviceRadixSort's keys");
    compared += 2 * count;
}

template <class T> static void check_segmented_sort(int segments, int longest) {
    random_items random{(uint64_t)segments * 1000 + longest};
    std::vector<int> offsets(segments + 1);
    for (int i = 0; i < segments; i++)
        offsets[i + 1] = offsets[i] + (int)(random.next() % (longest + 1));
    int count = offsets.back();
    auto in = random.items<T>(count);
    device_vector<T> device_in(in), device_out(count);
    device_vector<int> device_offsets(offsets);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceSegmentedRadixSort::SortKeysDescending(
            workspace, bytes, device_in.items, device_out.items, count, segments, device_offsets.items,
            device_offsets.items + 1);
    });
    for (int i = 0; i < segments; i++)
        std::sort(in.begin() + offsets[i], in.begin() + offsets[i + 1], [](T a, T b) { return b < a; });
    expect(device_out.host() == in, "DeviceSegmentedRadixSort's keys");
    compared += count;
}

int main() {
    for (int count : {1, 31, 1000, 40000}) {
        check_scan<int>(count);
        check_scan<uint64_t>(count);
    }
    for (int count : {1, 100, 3000, 50000}) {
        check_sort<uint32_t>(count);
        check_sort<float>(count);
    }
    check_sort<uint64_t>(10000);
    check_segmented_sort<float>(1, 100);
    check_segmented_sort<float>(13, 2000);
    check_segmented_sort<uint32_t>(3, 12000);
    printf("compared %zu items\n", compared);
}
