// Thrust's algorithms that are right, but of which checks have something true to say. Those in place tell the next blocks what
// they have read by relaxed stores, which order no reads before others' writes; those that search copy a flag with its padding.
#include "thrust_wide.cuh"

#include <algorithm>
#include <thrust/equal.h>
#include <thrust/find.h>
#include <thrust/logical.h>
#include <thrust/remove.h>
#include <thrust/sort.h>
#include <thrust/unique.h>

struct is_over {
    double limit;
    __host__ __device__ bool operator()(double x) const { return x > limit; }
};

static void check_in_place(int count) {
    auto items = small_items<double>(count, 4);
    thrust::device_vector<double> device(items.begin(), items.end()), runs = device;
    auto wanted = items;
    wanted.erase(std::remove_if(wanted.begin(), wanted.end(), is_over{2}), wanted.end());
    auto end = thrust::remove_if(device.begin(), device.end(), is_over{2});
    expect_until(end, device, wanted, "thrust::remove_if");
    items.erase(std::unique(items.begin(), items.end()), items.end());
    end = thrust::unique(runs.begin(), runs.end());
    expect_until(end, runs, items, "thrust::unique");
}

static void check_searches(int count) {
    auto items = small_items<double>(count, 1000);
    thrust::device_vector<double> device(items.begin(), items.end()), other = device;
    for (double limit : {500., 998., 1000.}) {
        auto place = std::find_if(items.begin(), items.end(), is_over{limit});
        expect(thrust::find_if(device.begin(), device.end(), is_over{limit}) - device.begin() ==
                   place - items.begin(),
               "thrust::find_if");
        expect(thrust::any_of(device.begin(), device.end(), is_over{limit}) == (place != items.end()),
               "thrust::any_of");
    }
    expect(thrust::equal(device.begin(), device.end(), other.begin()), "thrust::equal of equal ones");
    other[count - 1] = -1;
    expect(!thrust::equal(device.begin(), device.end(), other.begin()), "thrust::equal of unlike ones");
    expect(thrust::is_sorted(device.begin(), device.end()) == std::is_sorted(items.begin(), items.end()),
           "thrust::is_sorted of any");
    thrust::sort(device.begin(), device.end());
    expect(thrust::is_sorted(device.begin(), device.end()), "thrust::is_sorted of sorted ones");
    compared += 10;
}

int main() {
    for (int count : {1, 1000, 100000}) {
        check_in_place(count);
        check_searches(count);
    }
    printf("compared %zu items\n", compared);
}
