// What the programs of thrust's algorithms share: comparison of a thrust vector with the host's, bit for bit.
#pragma once

#include "device_wide.cuh"

#include <thrust/device_vector.h>

template <class T>
void expect_vector(const thrust::device_vector<T> &device, const std::vector<T> &host, const char *what) {
    std::vector<T> items(device.size());
    thrust::copy(device.begin(), device.end(), items.begin());
    expect(items.size() == host.size(), what);
    expect_equal(items, host, what);
}
// The first items alone, as an algorithm says by what it returns how many there are.
template <class T, class ITERATOR>
void expect_until(ITERATOR end, thrust::device_vector<T> &device, const std::vector<T> &host,
                  const char *what) {
    device.resize(end - device.begin());
    expect_vector(device, host, what);
}
