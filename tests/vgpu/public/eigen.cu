// Eigen in kernels, a small problem for each thread, and its tensors on its GPU device, against the same code on the host. Left out is
// what Eigen 3.4.0 does not give the device (LLT, and its iterated eigenvalues of 3 x 3 matrices, whose call nvcc drops with a warning).
#define EIGEN_USE_GPU
#include "../expect.cuh"

#include <Eigen/Dense>
#include <cmath>
#include <cstring>
#include <unsupported/Eigen/CXX11/Tensor>

static size_t compared;

template <class M> EIGEN_DEVICE_FUNC Eigen::Map<M> put(float *to) { return Eigen::Map<M>(to); }

EIGEN_DEVICE_FUNC static void small_matrices(const float *in, float *out) {
    Eigen::Matrix3f m = Eigen::Map<const Eigen::Matrix3f>(in), inverse = m.inverse();
    Eigen::Matrix3f symmetric = m * m.transpose();
    Eigen::SelfAdjointEigenSolver<Eigen::Matrix3f> direct;
    direct.computeDirect(symmetric);
    Eigen::Matrix3f vectors = direct.eigenvectors();
    Eigen::Quaternionf turn = Eigen::Quaternionf(in[0], in[1], in[2], in[3]).normalized();
    put<Eigen::Matrix3f>(out) = inverse;
    put<Eigen::Vector3f>(out + 9) = direct.eigenvalues();
    put<Eigen::Matrix3f>(out + 12) = vectors * direct.eigenvalues().asDiagonal() * vectors.transpose();
    put<Eigen::Vector3f>(out + 21) =
        Eigen::AngleAxisf(in[7], m.col(2).normalized()) * Eigen::Vector3f(m.row(1));
    put<Eigen::Vector3f>(out + 24) = turn * Eigen::Vector3f(in[4], in[5], in[6]);
    put<Eigen::Vector3f>(out + 27) = m.col(0).cross(m.col(1)).normalized();
    out[30] = m.determinant();
    out[31] = (m.array().abs() + 1.f).log().sum();
}

constexpr int items_in = 9, items_out = 32;
__global__ void each_thread(const float *in, float *out, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        small_matrices(in + i * items_in, out + i * items_out);
}

static void close(const float *got, const float *wanted, size_t count, float tolerance, const char *what) {
    for (size_t k = 0; k < count; k++) {
        if (!(std::abs(got[k] - wanted[k]) <= tolerance * (1 + std::abs(wanted[k])))) {
            printf("failed: %s: %zu is %.9g, the host's is %.9g\n", what, k, got[k], wanted[k]);
            exit(1);
        }
    }
    compared += count;
}

static void check_small_matrices() {
    const int count = 300;
    std::vector<float> in(count * items_in), wanted(count * items_out);
    random_items random{1};
    for (int k = 0; k < count * items_in; k++)
        in[k] =
            (float)(random.next() % 2001) / 1000 - 1 + (k % items_in % 4 == 0 ? 3 : 0); // well conditioned
    device_vector<float> device(in), out(wanted.size());
    each_thread<<<(count + 63) / 64, 64>>>(device.items, out.items, count);
    must(cudaDeviceSynchronize());
    for (int i = 0; i < count; i++)
        small_matrices(&in[i * items_in], &wanted[i * items_out]);
    close(out.host().data(), wanted.data(), wanted.size(), 1e-4f, "small matrices");
}

// A tensor of the host's, and its copy on the device.
template <int RANK> struct both {
    Eigen::Tensor<float, RANK> host;
    device_vector<float> items;
    Eigen::TensorMap<Eigen::Tensor<float, RANK>> device;
    template <class... N> both(N... n) : host(n...), items(host.size()), device(items.items, n...) {
        random_items random{(uint64_t)host.size()};
        for (Eigen::Index k = 0; k < host.size(); k++)
            host.data()[k] = (float)(random.next() % 2001) / 1000 - 1;
        must(cudaMemcpy(items.items, host.data(), host.size() * sizeof(float), cudaMemcpyHostToDevice));
    }
    void check(float tolerance, const char *what) {
        close(items.host().data(), host.data(), host.size(), tolerance, what);
    }
};

static void check_tensors() {
    Eigen::GpuStreamDevice stream;
    Eigen::GpuDevice gpu(&stream);
    both<2> a(150, 77), b(77, 133), product(150, 133), wide(150, 77);
    both<1> columns(150);
    both<0> all;
    Eigen::array<Eigen::IndexPair<int>, 1> inner{{Eigen::IndexPair<int>(1, 0)}};

    wide.device.device(gpu) = (a.device * 2.f + 1.f).abs().sqrt();
    wide.host = (a.host * 2.f + 1.f).abs().sqrt();
    wide.check(1e-6f, "coefficients");
    product.device.device(gpu) = a.device.contract(b.device, inner);
    product.host = a.host.contract(b.host, inner);
    product.check(1e-5f, "contraction");
    all.device.device(gpu) = a.device.sum();
    all.host = a.host.sum();
    all.check(1e-4f, "sum of all");
    columns.device.device(gpu) = a.device.sum(Eigen::array<int, 1>{{1}});
    columns.host = a.host.sum(Eigen::array<int, 1>{{1}});
    columns.check(1e-4f, "sum of rows");
    wide.device.device(gpu) = a.device.cumsum(1);
    wide.host = a.host.cumsum(1);
    wide.check(1e-5f, "scan");
    both<2> kernel(5, 3), convolved(146, 75);
    Eigen::array<int, 2> dims{{0, 1}};
    convolved.device.device(gpu) = a.device.convolve(kernel.device, dims);
    convolved.host = a.host.convolve(kernel.host, dims);
    convolved.check(1e-5f, "convolution");
    both<2> turned(77, 150);
    turned.device.device(gpu) = a.device.shuffle(Eigen::array<int, 2>{{1, 0}});
    turned.host = a.host.shuffle(Eigen::array<int, 2>{{1, 0}});
    turned.check(0, "shuffle");
    gpu.synchronize();
}

// It begins with a plain read of what other threads change by a compare-and-swap, which is a race, if one that does no harm.
static void check_maximum() {
    Eigen::GpuStreamDevice stream;
    Eigen::GpuDevice gpu(&stream);
    both<2> a(150, 77);
    both<1> rows(77);
    rows.device.device(gpu) = a.device.maximum(Eigen::array<int, 1>{{0}});
    rows.host = a.host.maximum(Eigen::array<int, 1>{{0}});
    rows.check(0, "maxima of columns");
    gpu.synchronize();
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "maximum")) {
        check_maximum();
    } else {
        check_small_matrices();
        check_tensors();
    }
    printf("compared %zu items\n", compared);
}
