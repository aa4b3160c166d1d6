// CUB's device-wide selection, partition and run-length encoding of a million items against the host's.
#include "device_wide.cuh"

#include <algorithm>
#include <cub/device/device_partition.cuh>
#include <cub/device/device_run_length_encode.cuh>
#include <cub/device/device_select.cuh>

struct is_odd {
    template <class T> __host__ __device__ bool operator()(const T &x) const { return (int)(float)x & 1; }
};
struct is_below {
    int limit;
    template <class T> __host__ __device__ bool operator()(const T &x) const { return (float)x < limit; }
};

template <class T>
static void expect_selected(const device_vector<T> &out, const device_vector<int> &count,
                            std::vector<T> wanted, const char *what) {
    expect(count.host()[0] == (int)wanted.size(), what);
    expect_equal(out.host(), wanted, what);
}

template <class T> static void check_select(int count) {
    auto items = small_items<T>(count, 100);
    auto flags = small_items<uint8_t>(count, 2);
    device_vector<T> in(items), out(count);
    device_vector<uint8_t> device_flags(flags);
    device_vector<int> selected(1);
    std::vector<T> wanted;

    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceSelect::If(workspace, bytes, in.items, out.items, selected.items, count, is_odd());
    });
    std::copy_if(items.begin(), items.end(), std::back_inserter(wanted), is_odd());
    expect_selected(out, selected, wanted, "DeviceSelect::If");

    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceSelect::Flagged(workspace, bytes, in.items, device_flags.items, out.items,
                                          selected.items, count);
    });
    wanted.clear();
    for (int k = 0; k < count; k++)
        if (flags[k])
            wanted.push_back(items[k]);
    expect_selected(out, selected, wanted, "DeviceSelect::Flagged");

    for (int k = 1; k < count; k++) // runs of equal items
        if (k % 4)
            items[k] = items[k - 1];
    device_vector<T> runs(items);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceSelect::Unique(workspace, bytes, runs.items, out.items, selected.items, count);
    });
    wanted.assign(items.begin(), items.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end(),
                             [](const T &a, const T &b) { return (float)a == (float)b; }),
                 wanted.end());
    expect_selected(out, selected, wanted, "DeviceSelect::Unique");

    device_vector<int> lengths(count);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceRunLengthEncode::Encode(workspace, bytes, runs.items, out.items, lengths.items,
                                                  selected.items, count);
    });
    expect_selected(out, selected, wanted, "DeviceRunLengthEncode::Encode's items");
    std::vector<int> wanted_lengths, wanted_offsets, long_lengths;
    for (int k = 0; k < count; k++) {
        if (k == 0 || (float)items[k] != (float)items[k - 1])
            wanted_lengths.push_back(0);
        wanted_lengths.back()++;
    }
    expect_equal(lengths.host(), wanted_lengths, "DeviceRunLengthEncode::Encode's lengths");

    device_vector<int> offsets(count);
    run([&](void *workspace, size_t &bytes) {
        return cub::DeviceRunLengthEncode::NonTrivialRuns(workspace, bytes, runs.items, offsets.items,
                                                          lengths.items, selected.items, count);
    });
    int offset = 0;
    for (int length : wanted_lengths) {
        if (length > 1)
            wanted_offsets.push_back(offset), long_lengths.push_back(length);
        offset += length;
    }
    expect(selected.host()[0] == (int)wanted_offsets.size(), "DeviceRunLengthEncode::NonTrivialRuns");
    expect_equal(offsets.host(), wanted_offsets, "DeviceRunLengthEncode::NonTrivialRuns' offsets");
    expect_equal(lengths.host(), long_lengths, "DeviceRunLengthEncode::NonTrivialRuns' lengths");
}

// Selected items first, the others behind them in reverse; then three ways.
template <class T> static void check_partition(int count) {
    auto items = small_items<T>(count, 90);
    auto flags = small_items<uint8_t>(count, 3);
    device_vector<T> in(items), out(count), second(count), rest(count);
    device_vector<uint8_t> device_flags(flags);
    device_vector<int> selected(2);
    auto two_ways = [&](auto keeps) {
        std::vector<T> first, last;
        for (int k = 0; k < count; k++)
            (keeps(k) ? first : last).push_back(items[k]);
        expect(selected.host()[0] == (int)first.size(), "DevicePartition's count");
        first.insert(first.end(), last.rbegin(), last.rend());
        expect_equal(out.host(), first, "DevicePartition");
    };
    run([&](void *workspace, size_t &bytes) {
        return cub::DevicePartition::If(workspace, bytes, in.items, out.items, selected.items, count,
                                        is_odd());
    });
    two_ways([&](int k) { return is_odd()(items[k]); });
    run([&](void *workspace, size_t &bytes) {
        return cub::DevicePartition::Flagged(workspace, bytes, in.items, device_flags.items, out.items,
                                             selected.items, count);
    });
    two_ways([&](int k) { return flags[k] != 0; });

    run([&](void *workspace, size_t &bytes) {
        return cub::DevicePartition::If(workspace, bytes, in.items, out.items, second.items, rest.items,
                                        selected.items, count, is_below{30}, is_below{60});
    });
    std::vector<T> parts[3];
    for (const T &item : items)
        parts[(float)item < 30 ? 0 : (float)item < 60 ? 1 : 2].push_back(item);
    expect(selected.host()[0] == (int)parts[0].size() && selected.host()[1] == (int)parts[1].size(),
           "three-way DevicePartition's counts");
    expect_equal(out.host(), parts[0], "three-way DevicePartition's first");
    expect_equal(second.host(), parts[1], "three-way DevicePartition's second");
    expect_equal(rest.host(), parts[2], "three-way DevicePartition's rest");
}

int main() {
    for (int count : {1, 777, million}) {
        check_select<uint8_t>(count);
        check_select<int32_t>(count);
        check_select<double>(count);
        check_partition<uint16_t>(count);
        check_partition<float>(count);
    }
    printf("compared %zu items\n", compared);
}
