/*
 * One row of logits, read once by its team.
 *
 * The row is cut into 16-byte vectors, the first and the last of which may lie partly outside it. Each block of the team has a part of
 * consecutive vectors, each of its warps a run of them. A warp fetches its run into shared memory by bulk copies that signal an mbarrier a piece,
 * and takes each piece's maximum once it is there, while others are under way; later passes read shared memory. A part that does not fit there is read
 * from global memory in each pass. The places outside the row hold -inf, which is never a candidate.
 */
#ifndef LOTTO_ROW_CUH
#define LOTTO_ROW_CUH

#include "logit.cuh"
#include "team.cuh"

#include <cuda/ptx>

namespace lotto {

/* Where the i-th of n shares of a whole begins; whole * n < 2^32. */
__device__ inline int share(int whole, int i, int n) {
    return static_cast<int>(static_cast<unsigned>(whole) * static_cast<unsigned>(i) /
                            static_cast<unsigned>(n));
}

/* How the launch cuts its rows. */
struct Shape {
    int part_vectors; /* a block's, at most */
    int run_vectors;  /* a warp's, at most */
    bool fits;        /* a part, into the block's dynamic shared memory */
};

constexpr int kPieces = 2; /* in which a warp's run arrives */

template <typename Logit> struct Row {
    static constexpr int kPerVector = Logit::kPerVector;
    Team team;
    int64_t index;
    const Logit *logits;
    int vocab;
    int before;                /* places of vector 0 that lie before the row */
    int part_begin, part_end;  /* this block's vectors */
    int run_vectors;           /* a warp's, at most */
    int begin, end;            /* this warp's vectors */
    uint4 *on_chip;            /* the part in shared memory; NULL if it does not fit */
    bool has_infinity = false; /* then the +inf tokens count as 0 and all others as -inf */

    __device__ Row(const lotto_logits &batch, Shape shape) {
        index = team.index();
        logits = static_cast<const Logit *>(batch.data) + index * batch.row_stride;
        vocab = static_cast<int>(batch.vocab);
        before = static_cast<int>(static_cast<unsigned>(reinterpret_cast<uintptr_t>(logits)) % sizeof(uint4) /
                                  sizeof(Logit));
        int vectors = static_cast<int>(static_cast<unsigned>(before + vocab + kPerVector - 1) / kPerVector);
        part_begin = min(team.rank * shape.part_vectors, vectors);
        part_end = min(part_begin + shape.part_vectors, vectors);
        run_vectors = shape.run_vectors;
        begin = run_begin(warp_in_block());
        end = run_begin(warp_in_block() + 1);
        extern __shared__ uint4 shared_part[];
        on_chip = shape.fits ? shared_part : nullptr;
    }

    __device__ int run_begin(int warp) const { return min(part_begin + warp * run_vectors, part_end); }
    __device__ int id_of(int vector) const { return vector * kPerVector - before; }

    /* A logit's working value. */
    __device__ float settle(float logit) const {
        float x = arith_without_nan(logit);
        return !has_infinity ? x : x == ARITH_INFINITY ? 0.0f : -ARITH_INFINITY;
    }

    /* The logit of a working value. */
    __device__ float logit_of(float x) const { return has_infinity ? ARITH_INFINITY : x; }

    /* One token's working value, from global memory. */
    __device__ float operator[](int id) const { return settle(logits[id]); }

    /* Whether a vector lies wholly in the row. */
    __device__ bool is_whole(int vector) const { return id_of(vector) >= 0 && id_of(vector + 1) <= vocab; }

    __device__ const uint4 *global_vector(int vector) const {
        return reinterpret_cast<const uint4 *>(logits - before) + vector;
    }

    /* A vector from global memory. */
    __device__ __noinline__ uint4 read(int vector) const {
        if (is_whole(vector))
            return *global_vector(vector);
        union {
            Logit place[kPerVector];
            uint4 all;
        } read;
        for (int i = 0; i < kPerVector; i++) {
            int id = id_of(vector) + i;
            read.place[i].bits = id >= 0 && id < vocab ? logits[id].bits : Logit::kMinusInfinity;
        }
        return read.all;
    }

    /* The working values of a vector of the part. */
    __device__ void values(int vector, float (&x)[kPerVector]) const {
        Logit::unpack(on_chip ? on_chip[vector - part_begin] : read(vector), x);
        if (!on_chip)
            for (float &value : x)
                value = settle(value);
    }

    /* Calls visit(id of the vector's first place, working values) for each vector of the warp's run, lanes side by side. */
    template <typename Visit> __device__ void for_each_vector(Visit visit) const {
        for_each_vector(begin, end, visit);
    }
    template <typename Visit> __device__ void for_each_vector(int first, int last, Visit visit) const {
        if (on_chip) {
#pragma unroll 2
            for (int vector = first + lane(); vector < last; vector += kWarpThreads) {
                float x[kPerVector];
                Logit::unpack(on_chip[vector - part_begin], x);
                visit(id_of(vector), x);
            }
            return;
        }
        for (int vector = first + lane(); vector < last; vector += kWarpThreads) {
            float x[kPerVector];
            values(vector, x);
            visit(id_of(vector), x);
        }
    }

    /* Calls visit(id) for each token of the warp's run, lanes side by side. */
    template <typename Visit> __device__ void for_each_id(Visit visit) const {
        int last = min(id_of(end), vocab);
        for (int id = max(id_of(begin), 0) + lane(); id < last; id += kWarpThreads)
            visit(id);
    }

    /* Calls visit(id, working value) in the same order: for results that lie in the order of the ids. */
    template <typename Visit> __device__ void for_each(Visit visit) const {
        const Logit *place = reinterpret_cast<const Logit *>(on_chip) - (on_chip ? id_of(part_begin) : 0);
        for_each_id([&](int id) { visit(id, on_chip ? static_cast<float>(place[id]) : (*this)[id]); });
    }

    /* Gives the places on chip of the warp's run their working values. */
    __device__ void settle_run() {
        Logit *place = reinterpret_cast<Logit *>(on_chip);
        __syncwarp();
        for (int i = (begin - part_begin) * kPerVector + lane(); i < (end - part_begin) * kPerVector;
             i += kWarpThreads) {
            float logit = place[i], x = settle(logit);
            if (!(logit == x))
                place[i].bits = x == 0.0f ? 0 : Logit::kMinusInfinity;
        }
        __syncwarp();
    }

    /* Fetches the warp's run. Returns the lane's maximum; NaN if it met one. */
    __device__ float fetch() {
        Maximum<Logit> maximum;
        if (!on_chip) {
            for (int vector = begin + lane(); vector < end; vector += kWarpThreads)
                maximum.add(read(vector));
            return maximum.value();
        }
#if __CUDA_ARCH__ >= 900
        fetch_in_pieces([&](int first, int last) {
#pragma unroll 4
            for (int vector = first + lane(); vector < last; vector += kWarpThreads)
                maximum.add(on_chip[vector - part_begin]);
        });
#else
        for (int vector = begin + lane(); vector < end; vector += kWarpThreads) {
            uint4 logit = read(vector);
            on_chip[vector - part_begin] = logit;
            maximum.add(logit);
        }
        __syncwarp();
#endif
        return maximum.value();
    }

#if __CUDA_ARCH__ >= 900
    /*
     * Bulk copies need whole vectors: one partly outside the row is read by a lane. Calls use(first, last) for each piece once it is there.
     */
    template <typename Use> __device__ void fetch_in_pieces(Use use) {
        namespace ptx = cuda::ptx;
        __shared__ uint64_t landed[kBlockWarps][kPieces];
        uint64_t *piece_landed = landed[warp_in_block()];
        int length = (end - begin + kPieces - 1) / kPieces;
        bool first_is_cut = begin < end && id_of(begin) < 0, last_is_cut = begin < end && id_of(end) > vocab;
        if (lane() == 0) {
            for (int piece = 0; piece < kPieces; piece++)
                ptx::mbarrier_init(&piece_landed[piece], 1);
            ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
            for (int piece = 0; piece < kPieces; piece++) {
                int first = max(begin + piece * length, begin + first_is_cut);
                int last = min(begin + (piece + 1) * length, end - last_is_cut);
                uint32_t bytes = static_cast<uint32_t>(max(last - first, 0)) * sizeof(uint4);
                ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared,
                                               &piece_landed[piece], bytes);
                if (bytes)
                    ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, on_chip + (first - part_begin),
                                       global_vector(first), bytes, &piece_landed[piece]);
            }
            if (first_is_cut)
                on_chip[begin - part_begin] = read(begin);
            if (last_is_cut)
                on_chip[end - 1 - part_begin] = read(end - 1);
        }
        __syncwarp();
        for (int piece = 0; piece < kPieces; piece++) {
            while (!ptx::mbarrier_try_wait_parity(&piece_landed[piece], 0))
                ;
            use(begin + piece * length, min(begin + (piece + 1) * length, end));
        }
    }
#endif
};

/* What the first pass over a row tells. */
struct Summary {
    float maximum; /* of the working values; -inf: no candidate */
    float own;     /* of the lane's own tokens */
    uint32_t status;

    __device__ bool is_empty() const { return maximum == -ARITH_INFINITY; }
};

template <typename Logit> __device__ Summary summarize(Row<Logit> &row) {
    float own = row.fetch();
    bool had_nan = __any_sync(kWholeWarp, own != own);
    if (had_nan) {
        if (row.on_chip)
            row.settle_run();
        own = -ARITH_INFINITY;
        row.for_each_vector([&](int, const auto &x) {
            for (float value : x)
                own = fmaxf(own, value);
        });
    }
    struct OfWarp {
        uint32_t most, had_nan;
    };
    row.team.meet();
    const OfWarp *warps = team_gather(row.team, OfWarp{warp_max(arith_ordered(own)), had_nan});
    uint32_t most = 0, any_had_nan = 0;
    for (int warp = lane(); warp < row.team.warps(); warp += kWarpThreads) {
        most = max(most, warps[warp].most);
        any_had_nan |= warps[warp].had_nan;
    }
    Summary summary = {arith_of_ordered(warp_max(most)), own, 0};
    if (__any_sync(kWholeWarp, any_had_nan))
        summary.status |= LOTTO_ROW_HAD_NAN;
    if (summary.is_empty())
        summary.status |= LOTTO_ROW_EMPTY;
    if (summary.maximum == ARITH_INFINITY) {
        summary.status |= LOTTO_ROW_HAD_POS_INF;
        row.has_infinity = true;
        if (row.on_chip)
            row.settle_run();
        summary.own = row.settle(summary.own);
        summary.maximum = 0.0f;
    }
    return summary;
}

/* A row whose controls are bad is not read: it has no candidates. */
template <typename Logit> __device__ Summary summarize(Row<Logit> &row, arith_controls controls) {
    if (arith_controls_are_good(controls))
        return summarize(row);
    row.team.meet();
    return {-ARITH_INFINITY, -ARITH_INFINITY, LOTTO_ROW_BAD_CONTROL};
}

/* The id of the first token of the row's order. */
template <typename Logit> __device__ int first_token(Row<Logit> &row, const Summary &summary) {
    uint32_t first = ~0u;
    if (__any_sync(kWholeWarp, summary.own == summary.maximum))
        row.for_each_vector([&](int id, const auto &x) {
            for (int i = row.kPerVector - 1; i >= 0; i--)
                if (x[i] == summary.maximum)
                    first = min(first, static_cast<uint32_t>(id + i));
        });
    return static_cast<int>(team_min(row.team, first));
}

} // namespace lotto

#endif
