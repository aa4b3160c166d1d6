// Thrust's transformations, reductions, scans and selections, with its iterators and on a stream, against the host's.
#include "thrust_wide.cuh"

#include <algorithm>
#include <numeric>
#include <thrust/adjacent_difference.h>
#include <thrust/count.h>
#include <thrust/execution_policy.h>
#include <thrust/extrema.h>
#include <thrust/gather.h>
#include <thrust/generate.h>
#include <thrust/inner_product.h>
#include <thrust/iterator/constant_iterator.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/permutation_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/partition.h>
#include <thrust/reduce.h>
#include <thrust/remove.h>
#include <thrust/replace.h>
#include <thrust/scan.h>
#include <thrust/scatter.h>
#include <thrust/sequence.h>
#include <thrust/transform.h>
#include <thrust/transform_reduce.h>
#include <thrust/unique.h>

struct square {
    template <class T> __host__ __device__ auto operator()(T x) const { return x * x; }
};
struct is_odd {
    template <class T> __host__ __device__ bool operator()(T x) const { return (long)x % 2 != 0; }
};
struct add_pair {
    template <class TUPLE> __host__ __device__ double operator()(const TUPLE &pair) const {
        return thrust::get<0>(pair) + 2. * thrust::get<1>(pair);
    }
};
struct next_odd {
    int *state;
    __device__ int operator()() const { return 2 * atomicAdd(state, 1) + 1; }
};

template <class T> static void check_reductions(size_t count) {
    auto items = small_items<T>(count, 100);
    thrust::device_vector<T> device(items.begin(), items.end());
    T sum = std::accumulate(items.begin(), items.end(), T(0)), squares = 0;
    for (T item : items)
        squares += item * item;
    expect(thrust::reduce(device.begin(), device.end()) == sum, "thrust::reduce");
    expect(thrust::transform_reduce(device.begin(), device.end(), square(), T(0), cuda::std::plus<>{}) ==
               squares,
           "thrust::transform_reduce");
    expect(thrust::inner_product(device.begin(), device.end(), device.begin(), T(5)) == squares + 5,
           "thrust::inner_product");
    expect(thrust::max_element(device.begin(), device.end()) - device.begin() ==
               std::max_element(items.begin(), items.end()) - items.begin(),
           "thrust::max_element");
    auto ends = thrust::minmax_element(device.begin(), device.end());
    expect(*ends.first == *std::min_element(items.begin(), items.end()) &&
               *ends.second == *std::max_element(items.begin(), items.end()),
           "thrust::minmax_element");
    expect(thrust::count_if(device.begin(), device.end(), is_odd()) ==
               std::count_if(items.begin(), items.end(), is_odd()),
           "thrust::count_if");
    compared += 6;
}

template <class T> static void check_scans(size_t count) {
    auto items = small_items<T>(count, 5);
    auto keys = small_items<int>(count, 2);
    thrust::device_vector<T> device(items.begin(), items.end()), out(count);
    thrust::device_vector<int> device_keys(keys.begin(), keys.end()), keys_out(count);
    std::vector<T> inclusive(count), exclusive(count), by_key(count), sums;
    std::vector<int> unique;
    T sum = 3;
    for (size_t k = 0; k < count; k++) {
        bool begins = k == 0 || keys[k] != keys[k - 1];
        inclusive[k] = k ? inclusive[k - 1] + items[k] : items[k];
        exclusive[k] = sum, sum += items[k];
        by_key[k] = begins ? items[k] : by_key[k - 1] + items[k];
        if (begins)
            unique.push_back(keys[k]), sums.push_back(0);
        sums.back() = by_key[k];
    }
    thrust::inclusive_scan(device.begin(), device.end(), out.begin());
    expect_vector(out, inclusive, "thrust::inclusive_scan");
    thrust::exclusive_scan(device.begin(), device.end(), out.begin(), T(3));
    expect_vector(out, exclusive, "thrust::exclusive_scan");
    thrust::inclusive_scan_by_key(device_keys.begin(), device_keys.end(), device.begin(), out.begin());
    expect_vector(out, by_key, "thrust::inclusive_scan_by_key");
    auto ends = thrust::reduce_by_key(device_keys.begin(), device_keys.end(), device.begin(),
                                      keys_out.begin(), out.begin());
    expect_until(ends.first, keys_out, unique, "thrust::reduce_by_key's keys");
    expect_until(ends.second, out, sums, "thrust::reduce_by_key's sums");
}

template <class T> static void check_selections(size_t count) {
    auto items = small_items<T>(count, 100);
    thrust::device_vector<T> device(items.begin(), items.end()), out(count);
    std::vector<T> wanted;
    std::copy_if(items.begin(), items.end(), std::back_inserter(wanted), is_odd());
    auto end = thrust::copy_if(device.begin(), device.end(), out.begin(), is_odd());
    expect_until(end, out, wanted, "thrust::copy_if");
    out = device;
    thrust::stable_partition(out.begin(), out.end(), is_odd());
    wanted = items;
    std::stable_partition(wanted.begin(), wanted.end(), is_odd());
    expect_vector(out, wanted, "thrust::stable_partition");
    end = thrust::remove_copy_if(device.begin(), device.end(), out.begin(), is_odd());
    wanted.clear();
    std::remove_copy_if(items.begin(), items.end(), std::back_inserter(wanted), is_odd());
    expect_until(end, out, wanted, "thrust::remove_copy_if");
    thrust::device_vector<T> runs = device;
    thrust::replace_if(runs.begin(), runs.end(), is_odd(), T(0));
    out.resize(count);
    end = thrust::unique_copy(runs.begin(), runs.end(), out.begin());
    wanted = items;
    std::replace_if(wanted.begin(), wanted.end(), is_odd(), T(0));
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    expect_until(end, out, wanted, "thrust::unique_copy");
    thrust::adjacent_difference(device.begin(), device.end(), device.begin());
    wanted.resize(count);
    std::adjacent_difference(items.begin(), items.end(), wanted.begin());
    expect_vector(device, wanted, "thrust::adjacent_difference in place");
}

// Iterators that compute, gather and pair.
static void check_iterators(int count) {
    std::vector<int> places(count), wanted(count);
    for (int k = 0; k < count; k++)
        places[k] = (int)((k * 7919ll + 13) % count);
    thrust::device_vector<int> map(places.begin(), places.end()), numbers(count), out(count);
    thrust::sequence(numbers.begin(), numbers.end(), 100, 3);
    thrust::gather(map.begin(), map.end(), numbers.begin(), out.begin());
    for (int k = 0; k < count; k++)
        wanted[k] = 100 + 3 * places[k];
    expect_vector(out, wanted, "thrust::sequence and gather");
    auto permuted = thrust::make_permutation_iterator(numbers.begin(), map.begin());
    thrust::fill(out.begin(), out.end(), -1);
    thrust::copy(permuted, permuted + count, out.begin());
    expect_vector(out, wanted, "permutation_iterator");

    thrust::fill(out.begin(), out.end(), -1);
    thrust::scatter(numbers.begin(), numbers.begin() + count / 2, map.begin(), out.begin());
    std::fill(wanted.begin(), wanted.end(), -1);
    for (int k = 0; k < count / 2; k++)
        wanted[places[k]] = 100 + 3 * k;
    expect_vector(out, wanted, "thrust::fill and scatter");

    auto squares = thrust::make_transform_iterator(thrust::make_counting_iterator(0ll), square());
    long long sum = 0;
    for (long long k = 0; k < count; k++)
        sum += k * k;
    expect(thrust::reduce(squares, squares + count) == sum, "transform_iterator of a counting_iterator");

    auto pairs = thrust::make_zip_iterator(numbers.begin(), thrust::make_constant_iterator(0.25f));
    thrust::device_vector<double> halves(count);
    std::vector<double> wanted_halves(count);
    thrust::transform(pairs, pairs + count, halves.begin(), add_pair());
    for (int k = 0; k < count; k++)
        wanted_halves[k] = 100.5 + 3. * k;
    expect_vector(halves, wanted_halves, "zip_iterator and constant_iterator");
    compared++;
}

// Everything on a stream of one's own, once with par.on and once with par_nosync.
static void check_stream(int count) {
    cudaStream_t stream;
    must(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    thrust::device_vector<int> state(1, 0), odd(count);
    thrust::generate(thrust::cuda::par.on(stream), odd.begin(), odd.end(), next_odd{state.data().get()});
    expect(thrust::reduce(thrust::cuda::par.on(stream), odd.begin(), odd.end(), 0ll) ==
               (long long)count * count,
           "thrust::generate and reduce on a stream");
    thrust::transform(thrust::cuda::par_nosync.on(stream), odd.begin(), odd.end(), odd.begin(), odd.begin(),
                      cuda::std::minus<>{});
    must(cudaStreamSynchronize(stream));
    expect(thrust::count(odd.begin(), odd.end(), 0) == count,
           "thrust::transform on a stream, not waited for");
    must(cudaStreamDestroy(stream));
    compared += 2 * count;
}

int main() {
    for (int count : {1, 1000, 100000}) {
        check_reductions<double>(count);
        check_scans<int16_t>(count);
        check_selections<uint8_t>(count);
        check_iterators(count);
        check_stream(count);
    }
    printf("compared %zu items\n", compared);
}
