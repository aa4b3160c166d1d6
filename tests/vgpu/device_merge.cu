// CUB's device-wide merges and merge sorts of items of 8 to 128 bits against the host's. Its merge reads one key beyond those it
// merges and drops it; where no key was stored there, `--check init` says so.
#include "device_wide.cuh"

#include <algorithm>
#include <cub/device/device_merge.cuh>
#include <cub/device/device_merge_sort.cuh>

// Equal keys of the first come before those of the second, and the values with them.
template <class T> static void check_merge(int count, int second_count) {
    auto first = small_items<T>(count, 120), second = small_items<T>(second_count, 90);
    std::stable_sort(first.begin(), first.end(), below());
    std::stable_sort(second.begin(), second.end(), below());
    std::vector<int> first_values(count), second_values(second_count), values;
    std::vector<T> keys;
    for (int k = 0; k < count; k++)
        first_values[k] = k;
    for (int k = 0; k < second_count; k++)
        second_values[k] = -k - 1;
    for (int a = 0, b = 0; a + b < count + second_count;) {
        bool takes_first = b == second_count || (a < count && !below()(second[b], first[a]));
        keys.push_back(takes_first ? first[a] : second[b]);
        values.push_back(takes_first ? first_values[a++] : second_values[b++]);
    }
    device_vector<T> device_first(first), device_second(second), out(keys.size());
    device_vector<int> device_values(first_values), device_more(second_values), values_out(keys.size());
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceMerge::MergePairs(workspace, bytes, device_first.items, device_values.items, count,
                                            device_second.items, device_more.items, second_count, out.items,
                                            values_out.items, below());
    });
    expect_equal(out.host(), keys, "DeviceMerge::MergePairs' keys");
    expect_equal(values_out.host(), values, "DeviceMerge::MergePairs' values");
}

template <class T> static void check_merge_sort(int count) {
    auto keys = is_float<T> ? small_items<T>(count, 1000) : any_bits<T>(count);
    device_vector<T> in(keys), out(count);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceMergeSort::SortKeysCopy(workspace, bytes, in.items, out.items, count, below());
    });
    std::sort(keys.begin(), keys.end(), below());
    expect_equal(out.host(), keys, "DeviceMergeSort::SortKeysCopy");
}

int main() {
    for (int count : {1, 1000, 150000}) {
        check_merge<uint16_t>(count, 3333);
        check_merge<__int128>(count, count / 2 + 1);
        check_merge_sort<uint8_t>(count);
        check_merge_sort<__half>(count);
        check_merge_sort<__int128>(count);
    }
    printf("compared %zu items\n", compared);
}
