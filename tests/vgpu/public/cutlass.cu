// CUTLASS's matrix products without tensor cores against its own host reference, bit for bit.
#include "../expect.cuh"

#include <cutlass/gemm/device/gemm.h>
#include <cutlass/util/host_tensor.h>
#include <cutlass/util/reference/host/gemm.h>
#include <cutlass/util/reference/host/tensor_compare.h>
#include <cutlass/util/reference/host/tensor_fill.h>

static size_t compared;

using rows = cutlass::layout::RowMajor;
using columns = cutlass::layout::ColumnMajor;
using cutlass::half_t;

// A and B are products of whole numbers so small that sums are exact in any order. D = 2 A B - C.
template <class T, class LAYOUT_A, class LAYOUT_B, class SUM, class ARCHITECTURE>
static void check(const char *what, int m, int n, int k) {
    using gemm = cutlass::gemm::device::Gemm<T, LAYOUT_A, T, LAYOUT_B, SUM, rows, SUM,
                                             cutlass::arch::OpClassSimt, ARCHITECTURE>;
    cutlass::HostTensor<T, LAYOUT_A> a({m, k});
    cutlass::HostTensor<T, LAYOUT_B> b({k, n});
    cutlass::HostTensor<SUM, rows> c({m, n}), d({m, n}), wanted({m, n});
    cutlass::reference::host::TensorFillRandomUniform(a.host_view(), 1, T(3), T(-3), 0);
    cutlass::reference::host::TensorFillRandomUniform(b.host_view(), 2, T(3), T(-3), 0);
    cutlass::reference::host::TensorFillRandomUniform(c.host_view(), 3, SUM(3), SUM(-3), 0);
    a.sync_device(), b.sync_device(), c.sync_device(), d.sync_device();
    gemm product;
    cutlass::Status status = product(
        {{m, n, k}, a.device_ref(), b.device_ref(), c.device_ref(), d.device_ref(), {SUM(2), SUM(-1)}});
    must(cudaDeviceSynchronize());
    expect(status == cutlass::Status::kSuccess, cutlass::cutlassGetStatusString(status));
    d.sync_host();
    cutlass::reference::host::Gemm<T, LAYOUT_A, T, LAYOUT_B, SUM, rows, SUM, SUM> reference;
    reference({m, n, k}, SUM(2), a.host_ref(), b.host_ref(), SUM(-1), c.host_ref(), wanted.host_ref(),
              SUM(0));
    expect(cutlass::reference::host::TensorEquals(d.host_view(), wanted.host_view()), what);
    compared += (size_t)m * n;
}

int main() {
    using namespace cutlass::arch;
    check<float, rows, columns, float, Sm50>("products of f32, whole tiles", 128, 128, 64);
    check<float, rows, columns, float, Sm50>("products of f32, tiles cut short", 201, 133, 77);
    check<float, columns, rows, float, Sm80>("products of f32 in stages filled by cp.async", 260, 140, 100);
    check<int8_t, rows, columns, int32_t, Sm61>("products of 8-bit integers by dp4a", 140, 132, 96);
    check<half_t, rows, rows, half_t, Sm60>("products of f16 in pairs", 130, 136, 50);
    check<double, columns, columns, double, Sm50>("products of f64", 65, 70, 33);
    printf("compared %zu items\n", compared);
}
