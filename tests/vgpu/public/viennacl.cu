// ViennaCL with its CUDA backend against plain loops on the host: vectors, dense and sparse products, LU and conjugate gradients.
#define VIENNACL_WITH_CUDA
#include "../expect.cuh"

#include <cmath>
#include <map>
#include <viennacl/compressed_matrix.hpp>
#include <viennacl/linalg/cg.hpp>
#include <viennacl/linalg/direct_solve.hpp>
#include <viennacl/linalg/inner_prod.hpp>
#include <viennacl/linalg/lu.hpp>
#include <viennacl/linalg/norm_2.hpp>
#include <viennacl/linalg/prod.hpp>
#include <viennacl/linalg/sum.hpp>
#include <viennacl/matrix.hpp>
#include <viennacl/scalar.hpp>
#include <viennacl/vector.hpp>

static size_t compared;
static void close(double got, double wanted, double tolerance, const char *what) {
    if (!(std::abs(got - wanted) <= tolerance * (1 + std::abs(wanted)))) {
        printf("failed: %s is %.17g, the host's is %.17g\n", what, got, wanted);
        exit(1);
    }
    compared++;
}
static random_items dice{1};
static std::vector<double> numbers(size_t count) {
    std::vector<double> all(count);
    for (double &x : all)
        x = (double)(dice.next() % 2001) / 1000 - 1;
    return all;
}

static void check_vectors() {
    const size_t n = 3000;
    auto x = numbers(n), y = numbers(n);
    viennacl::vector<double> dx(n), dy(n), dz(n);
    viennacl::copy(x, dx);
    viennacl::copy(y, dy);
    dz = 2.5 * dx - dy + viennacl::linalg::element_prod(dx, dy);
    std::vector<double> z(n);
    viennacl::copy(dz, z);
    double dot = 0, norm = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        close(z[i], 2.5 * x[i] - y[i] + x[i] * y[i], 1e-15, "a vector's item");
        dot += x[i] * y[i], norm += x[i] * x[i], sum += x[i];
    }
    close(viennacl::linalg::inner_prod(dx, dy), dot, 1e-12, "inner product");
    close(viennacl::linalg::norm_2(dx), std::sqrt(norm), 1e-12, "norm");
    viennacl::scalar<double> total = viennacl::linalg::sum(dx);
    close(total, sum, 1e-12, "sum");
}

static void check_dense() {
    const int m = 70, k = 45, n = 83;
    std::vector<std::vector<double>> a(m), b(k), c(m, std::vector<double>(n));
    for (auto &row : a)
        row = numbers(k);
    for (auto &row : b)
        row = numbers(n);
    viennacl::matrix<double> da(m, k), db(k, n), dc;
    viennacl::copy(a, da);
    viennacl::copy(b, db);
    dc = viennacl::linalg::prod(da, db);
    viennacl::copy(dc, c);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int l = 0; l < k; l++)
                sum += a[i][l] * b[l][j];
            close(c[i][j], sum, 1e-13, "a matrix product's item");
        }
    // Solve by LU: the product with the solution is the right side.
    const int s = 60;
    std::vector<std::vector<double>> square(s);
    for (int i = 0; i < s; i++)
        (square[i] = numbers(s))[i] += 30;
    auto right = numbers(s);
    viennacl::matrix<double> ds(s, s);
    viennacl::vector<double> dr(s);
    viennacl::copy(square, ds);
    viennacl::copy(right, dr);
    viennacl::linalg::lu_factorize(ds);
    viennacl::linalg::lu_substitute(ds, dr);
    std::vector<double> solved(s);
    viennacl::copy(dr, solved);
    for (int i = 0; i < s; i++) {
        double sum = 0;
        for (int j = 0; j < s; j++)
            sum += square[i][j] * solved[j];
        close(sum, right[i], 1e-11, "a solved equation");
    }
}

// The five-point stencil of a square: product and conjugate gradients.
static void check_sparse() {
    const int side = 24, n = side * side;
    std::vector<std::map<unsigned int, double>> a(n);
    for (int i = 0; i < n; i++) {
        a[i][i] = 4;
        if (i % side)
            a[i][i - 1] = -1;
        if ((i + 1) % side)
            a[i][i + 1] = -1;
        if (i >= side)
            a[i][i - side] = -1;
        if (i + side < n)
            a[i][i + side] = -1;
    }
    auto x = numbers(n);
    viennacl::compressed_matrix<double> da(n, n);
    viennacl::vector<double> dx(n), dy(n);
    viennacl::copy(a, da);
    viennacl::copy(x, dx);
    dy = viennacl::linalg::prod(da, dx);
    std::vector<double> y(n), solved(n);
    viennacl::copy(dy, y);
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (auto &entry : a[i])
            sum += entry.second * x[entry.first];
        close(y[i], sum, 1e-14, "a sparse product's item");
    }
    viennacl::vector<double> ds = viennacl::linalg::solve(da, dy, viennacl::linalg::cg_tag(1e-12, 500));
    viennacl::copy(ds, solved);
    for (int i = 0; i < n; i++)
        close(solved[i], x[i], 1e-8, "a solution by conjugate gradients");
}

int main() {
    check_vectors();
    check_dense();
    check_sparse();
    printf("compared %zu items\n", compared);
}
