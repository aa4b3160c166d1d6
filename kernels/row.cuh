/*
 * One row of logits, read once by its team.
 *
 * The row is cut into 16-byte vectors, the first and the last of which may lie partly outside it. Each block of the team has a part of
 * consecutive vectors, each of its warps a run of them. Bulk copies fetch them into shared memory, a few runs for each of the first warps, which takes
 * the maximum of each piece once its mbarrier says that it is there, while others are under way; later passes read shared memory. A part that does not fit there is read
 * from global memory in each pass. The places outside the row hold -inf, which is never a candidate.
 *
 * A row that is adjusted (adjust.cuh) is held as binary32, on chip or else in the workspace, where later passes read it. Logits of 16 bits
 * are widened by the threads that fetch them.
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

/* Each warp's share of what is fetched arrives in so many pieces, and is taken in groups of vectors. */
constexpr int kPieces = 2;
constexpr int kFetchedAtOnce = 4 * kWarpThreads;
#if __CUDA_ARCH__ >= 900
constexpr int kRunsFetched = 2; /* by a warp: copies need few threads, and the others have less to do */
#else
constexpr int kRunsFetched = 1;
#endif
constexpr int kFetchingWarps = kBlockWarps / kRunsFetched;

/* How the launch cuts its rows, in vectors. */
struct Shape {
    int part;  /* a block's, at most */
    int run;   /* a warp's, of a part of whole lines; a line: a vector for each lane of a warp */
    int piece; /* what is fetched at a time, of whole lines; the last one may be shorter */
    bool fits; /* a part, into the block's dynamic shared memory */
};

__host__ __device__ constexpr int round_up(int count, int unit) { return (count + unit - 1) / unit * unit; }

/*
 * Of two runs, which a warp fetches: about a half, of whole groups unless they are many. All if little were left: as many vectors are sampled of both
 * pieces (guess.cuh), too many of a short one.
 */
__host__ __device__ constexpr int piece_of(int run) {
    int half = round_up(run, run > 2 * kFetchedAtOnce ? kWarpThreads : kFetchedAtOnce), all = 2 * run;
    return all - half < half / 4 ? round_up(all, kWarpThreads) : half;
}

__host__ __device__ constexpr Shape shape_of(int part, bool fits) {
    int run = round_up(part, kWarpThreads) / kBlockWarps;
    return {part, run, piece_of(run), fits};
}

/* So many vectors a lane looks through before it visits what it found: a bit each. */
constexpr int kFlags = 32;

/* bits |= bit if low <= x <= top: under a predicate, where the compiler would first choose what to set. */
__device__ inline void set_if_between(uint32_t &bits, uint32_t bit, float x, float low, float top) {
    asm("{ .reg .pred is_between; setp.ge.f32 is_between, %2, %3; setp.le.and.f32 is_between, %2, %4, "
        "is_between; "
        "@is_between or.b32 %0, %0, %1; }"
        : "+r"(bits)
        : "r"(bit), "f"(x), "f"(low), "f"(top));
}

/* The same if x >= low. */
__device__ inline void set_if_from(uint32_t &bits, uint32_t bit, float x, float low) {
    asm("{ .reg .pred is_from; setp.ge.f32 is_from, %2, %3; @is_from or.b32 %0, %0, %1; }"
        : "+r"(bits)
        : "r"(bit), "f"(x), "f"(low));
}

/* What adjusts a launch's rows, whose workspace holds those that do not fit on chip; what takes its place where nothing does. */
struct Adjustments {
    lotto_adjustments of_batch;
    char *workspace;
    size_t workspace_row_bytes;
};
struct NoAdjustments {};

/* Vectors are numbered from the part's first. */
template <typename Logit> struct Row {
    static constexpr int kPerVector = Logit::kPerVector;
    using Source = typename Logit::Source;
    static constexpr bool kAdjusted = !std::is_same_v<Logit, Source>;
    static constexpr bool kCopied = sizeof(Logit) == sizeof(Source); /* into shared memory by bulk copies */
    using Adjustments = std::conditional_t<kAdjusted, lotto::Adjustments, NoAdjustments>;
    Team team;
    Shape shape;
    const Source *logits;
    uint4 *in_workspace; /* the adjusted part that does not fit on chip */
    int vocab;
    int first_id; /* of the part's first place; may lie before the row */
    int part_vectors;
    bool is_requested = false; /* by request() */
    bool has_infinity = false; /* then the +inf tokens count as 0 and all others as -inf */

    /* logits_rows: which row of the batch is whose; NULL: each its own. One that the batch does not have must not be read. */
    __device__ Row(const lotto_logits &batch, Shape shape, const Adjustments &adjustments = {},
                   const int32_t *logits_rows = nullptr)
        : shape(shape) {
        logits = static_cast<const Source *>(batch.data) +
                 (logits_rows ? logits_rows[index()] : index()) * batch.row_stride;
        vocab = static_cast<int>(batch.vocab);
        cut();
        if constexpr (kAdjusted)
            in_workspace =
                reinterpret_cast<uint4 *>(adjustments.workspace + index() * adjustments.workspace_row_bytes) +
                team.rank * shape.part;
    }

    /* A row as it was before its adjustments, read from the batch in each pass. */
    template <typename Held>
    __device__ explicit Row(const Row<Held> &adjusted)
        : team(adjusted.team), shape(adjusted.shape), logits(adjusted.logits), vocab(adjusted.vocab) {
        /* There may be half a vector more before the row, and after it. */
        shape = shape_of(kPerVector > Row<Held>::kPerVector ? shape.part / 2 + 1 : shape.part, false);
        cut();
    }

    __device__ int64_t index() const { return team.index(); }

    /* Finds the block's part and its warps' runs. */
    __device__ void cut() {
        int before =
            static_cast<int>(reinterpret_cast<uintptr_t>(logits) % (kPerVector * sizeof(Source)) /
                             sizeof(Source)); /* places of the row's first vector that lie before it */
        int vectors = static_cast<int>(static_cast<unsigned>(before + vocab + kPerVector - 1) / kPerVector);
        int part_begin = team.rank * shape.part;
        first_id = part_begin * kPerVector - before;
        part_vectors = min(max(vectors - part_begin, 0), shape.part);
    }

    /* The part in shared memory, if it fits. */
    __device__ static uint4 *on_chip() {
        extern __shared__ uint4 part[];
        return part;
    }

    /* Whether the part is held, as working values, and not read from the batch in each pass; and where. */
    __device__ bool is_held() const { return kAdjusted || shape.fits; }
    __device__ uint4 *held() const {
        if constexpr (kAdjusted)
            return shape.fits ? on_chip() : in_workspace;
        return on_chip();
    }
    /* The same where the row may be seen from another block. */
    __device__ const uint4 *held_there() const { return shape.fits ? team.at(team.rank, on_chip()) : held(); }

    /* Runs are of whole lines, so that no lane waits for others. */
    __device__ int run_begin(int warp) const {
        return min(static_cast<int>(static_cast<unsigned>(warp * shape.run) / kWarpThreads * kWarpThreads),
                   part_vectors);
    }

    __device__ int begin() const { return run_begin(warp_in_block()); }
    __device__ int end() const { return run_begin(warp_in_block() + 1); }
    __device__ int id_of(int vector) const { return first_id + vector * kPerVector; }
    /* The row from the place of another block of the team; the working values are those of held_there(). */
    __device__ Row seen_from(int block) const {
        Row there = *this;
        there.team.rank = block;
        if constexpr (kAdjusted)
            there.in_workspace += (block - team.rank) * shape.part;
        there.cut();
        return there;
    }

    /* A logit's working value. */
    __device__ float settle(float logit) const {
        float x = arith_without_nan(logit);
        return !has_infinity ? x : x == ARITH_INFINITY ? 0.0f : -ARITH_INFINITY;
    }

    /* The logit of a working value. */
    __device__ float logit_of(float x) const { return has_infinity ? ARITH_INFINITY : x; }

    /* The working value of a token of the block's part. */
    __device__ float value_of(int id) const { return value_at(id - first_id); }
    __device__ float value_at(int place) const {
        return is_held() ? static_cast<float>(reinterpret_cast<const Logit *>(held())[place])
                         : settle(logits[first_id + place]);
    }

    __device__ const typename Logit::Packed *global_vector(int vector) const {
        return reinterpret_cast<const typename Logit::Packed *>(logits + first_id) + vector;
    }

    /* A vector from the batch. */
    __device__ uint4 read(int vector) const {
        int id = id_of(vector);
        return id >= 0 && id + kPerVector <= vocab ? Logit::vector_of(*global_vector(vector))
                                                   : read_cut(logits, id, vocab);
    }

    /* One that lies partly outside the row. */
    __device__ __noinline__ static uint4 read_cut(const Source *logits, int first, int vocab) {
        union {
            Logit place[kPerVector];
            uint4 all;
        } read;
        for (int i = 0; i < kPerVector; i++) {
            int id = first + i;
            read.place[i].bits = id >= 0 && id < vocab ? Logit::bits_of(logits[id]) : Logit::kMinusInfinity;
        }
        return read.all;
    }

    /* The working values of a vector of the part. */
    __device__ void values(int vector, float (&x)[kPerVector]) const {
        if (shape.fits)
            Logit::unpack(on_chip()[vector], x);
        else
            values_in(held(), vector, x);
    }
    /* The same of a part that lies there if it is held. */
    __device__ void values_in(const uint4 *part, int vector, float (&x)[kPerVector]) const {
        Logit::unpack(is_held() ? part[vector] : read(vector), x);
        if (!is_held())
            for (float &value : x)
                value = settle(value);
    }

#if __CUDA_ARCH__ >= 900
    using Between = std::conditional_t<sizeof(Logit) == 2, BetweenPairs<Logit>, lotto::Between<Logit>>;
#else
    using Between = lotto::Between<Logit>;
#endif

    /*
     * Calls visit(id, working value) for the run's tokens from low to top, which is finite: for few. Each lane looks at many vectors first and then visits what it
     * found, so that lanes do so together.
     */
    template <typename Visit> __device__ void for_each_between(float low, float top, Visit visit) const {
        Between between(low, top);
        int last = end();
        for (int first = begin() + lane(); first < last; first += kFlags * kWarpThreads) {
            uint32_t flags = 0;
            /* The last one looked at has the lowest. */
            auto make_room = [&](int i, int left) { flags <<= i == 0 ? left + 1 : 0; };
            auto look = [&](int vector, int i, int left) {
                make_room(i, left);
                between.set_if_any(flags, left, on_chip()[vector]);
            };
            auto look_at_values = [&](int vector, int i, int left) {
                make_room(i, left);
                float x[kPerVector];
                values(vector, x);
                between.set_if_any(flags, left, x);
            };
            int stretch = min(first + kFlags * kWarpThreads, last);
            int beyond = shape.fits ? each_vector<16 / kPerVector>(first, stretch, look)
                                    : each_vector<1>(first, stretch, look_at_values);
            for (; flags != 0; flags &= flags - 1) {
                int vector = beyond - __ffs(flags) * kWarpThreads;
                float x[kPerVector];
                values(vector, x);
                uint32_t found = 0;
                for (int i = 0; i < kPerVector; i++)
                    set_if_between(found, 1u << i, x[i], low, top);
                for (; found != 0; found &= found - 1) {
                    int place = vector * kPerVector + __ffs(found) - 1;
                    visit(first_id + place, value_at(place));
                }
            }
        }
    }

    /* The same from low on for what the warp fetched, of which own are the lane's maxima: no lane has any whose maxima are lower. */
    template <typename Visit>
    __device__ void for_each_from(float low, const float (&own)[kPieces], Visit visit) const {
        /* Of each piece, which lanes have any; a lane's one maximum may be of all pieces. */
        uint32_t holders[kPieces] = {
            __ballot_sync(kWholeWarp, own[0] >= low),
            __ballot_sync(kWholeWarp, (own[1] > -ARITH_INFINITY ? own[1] : own[0]) >= low)};
        int begin = fetch_begin(warp_in_block()), last = fetch_begin(warp_in_block() + 1);
        bool any = (holders[0] | holders[1]) != 0;
        for (int first = begin + lane() * kWarpThreads; any && first < last;
             first += kWarpThreads * kWarpThreads) {
            uint32_t left = first < begin + shape.piece ? holders[0] : holders[1];
            if (last - first < kWarpThreads)
                left &= (1u << (last - first)) - 1;
            for (; left != 0; left &= left - 1) {
                int vector = first + __ffs(left) - 1;
                float x[kPerVector];
                values(vector, x);
                uint32_t found = 0;
                for (int i = 0; i < kPerVector; i++)
                    set_if_from(found, 1u << i, x[i], low);
                for (; found != 0; found &= found - 1)
                    visit(id_of(vector) + __ffs(found) - 1, pick(x, __ffs(found) - 1));
            }
        }
    }

    /* x[i], from registers. */
    template <int kOf = kPerVector> __device__ static float pick(const float *x, int i) {
        if constexpr (kOf == 1)
            return x[0];
        else
            return i & kOf / 2 ? pick<kOf / 2>(x + kOf / 2, i) : pick<kOf / 2>(x, i);
    }

    /*
     * Calls visit(vector, i, left) for a lane's share of the vectors up to last, and after() after each few, of which it is the i-th and `left` follow. Returns the
     * lane's first beyond.
     */
    template <int kAtOnce, typename Visit, typename After>
    __device__ static int each_vector(int vector, int last, Visit visit, After after) {
        /* Many at once only while no lane goes beyond, so that all lanes do as many. */
        int all_within = kAtOnce > 1 ? last - kAtOnce * kWarpThreads + lane() : last - 1;
#pragma unroll 1
        for (; vector <= all_within; vector += kAtOnce * kWarpThreads) {
#pragma unroll
            for (int i = 0; i < kAtOnce; i++)
                visit(vector + i * kWarpThreads, i, kAtOnce - 1 - i);
            after();
        }
#pragma unroll 1
        for (; kAtOnce > 1 && vector < last; vector += kWarpThreads) {
            visit(vector, 0, 0);
            after();
        }
        return vector;
    }
    template <int kAtOnce, typename Visit>
    __device__ static int each_vector(int vector, int last, Visit visit) {
        return each_vector<kAtOnce>(vector, last, visit, [] {});
    }

    /* Calls visit(id of the vector's first place, working values) for each vector of the warp's run, lanes side by side. */
    template <int kLogitsAtOnce = 16, typename Visit> __device__ void for_each_vector(Visit visit) const {
        auto each = [&](int id, const auto &x, int) { visit(id, x); };
        each_vector_from<kLogitsAtOnce>(begin() + lane(), end(), each, [] {});
    }
    template <typename Visit> __device__ void for_each_vector(int first, int last, Visit visit) const {
        auto each = [&](int id, const auto &x, int) { visit(id, x); };
        each_vector_from<16>(first + lane(), last, each, [] {});
    }
    /* The same by groups of 16 logits or fewer: visit(id, working values, whether they begin a group), and after() behind each. */
    template <typename Visit, typename After> __device__ void for_each_group(Visit visit, After after) const {
        auto each = [&](int id, const auto &x, int i) { visit(id, x, i == 0); };
        each_vector_from<16>(begin() + lane(), end(), each, after);
    }
    template <int kLogitsAtOnce, typename Visit, typename After>
    __device__ void each_vector_from(int first, int last, Visit visit, After after) const {
        auto visit_on_chip = [&](int vector, int i, int) {
            float x[kPerVector];
            Logit::unpack(on_chip()[vector], x);
            visit(id_of(vector), x, i);
        };
        auto visit_any = [&](int vector, int i, int) {
            float x[kPerVector];
            values(vector, x);
            visit(id_of(vector), x, i);
        };
        if (shape.fits)
            each_vector<kLogitsAtOnce / kPerVector>(first, last, visit_on_chip, after);
        else
            each_vector<1>(first, last, visit_any, after);
    }

    /* The same with the logits as the batch has them, NaN as -inf. */
    template <typename Visit> __device__ void for_each_vector_of_batch(Visit visit) const {
        each_vector<1>(begin() + lane(), end(), [&](int vector, int, int) {
            float x[kPerVector];
            Logit::unpack(read(vector), x);
            for (float &value : x)
                value = arith_without_nan(value);
            visit(id_of(vector), x);
        });
    }

    /* Calls visit(id) for each token of the warp's run, lanes side by side. */
    template <typename Visit> __device__ void for_each_id(Visit visit) const {
        int last = min(id_of(run_begin(warp_in_block() + 1)), vocab);
        for (int id = max(id_of(run_begin(warp_in_block())), 0) + lane(); id < last; id += kWarpThreads)
            visit(id);
    }

    /* Calls visit(id, working value) in the same order: for results that lie in the order of the ids. */
    template <typename Visit> __device__ void for_each(Visit visit) const {
        for_each_id([&](int id) { visit(id, value_of(id)); });
    }

    /* What a warp fetches: the first warps some runs each, in order, the others nothing. */
    __device__ static bool fetches() { return warp_in_block() < kFetchingWarps; }
    __device__ int fetch_begin(int warp) const { return run_begin(warp * kRunsFetched); }

    __device__ int piece_begin(int warp, int piece) const {
        return min(fetch_begin(warp) + piece * shape.piece, fetch_begin(warp + 1));
    }

    /* Gives what the warp fetched, where it is held, its working values. */
    __device__ void settle_fetched() {
        Logit *place = reinterpret_cast<Logit *>(held());
        int last = fetch_begin(warp_in_block() + 1) * kPerVector;
        for (int i = fetch_begin(warp_in_block()) * kPerVector + lane(); i < last; i += kWarpThreads) {
            float logit = place[i], x = settle(logit);
            if (!(logit == x))
                place[i].bits = x == 0.0f ? 0 : Logit::kMinusInfinity;
        }
        __syncwarp();
    }

    /* Requests the part as far as bulk copies fetch it, so that other reads need not come before it; fetch() or abandon() waits for it. */
    __device__ void request() {
        is_requested = true;
#if __CUDA_ARCH__ >= 900
        if (kCopied && shape.fits)
            start_copies();
#endif
    }

    /* The part may have been requested, and nothing is made of it. */
    __device__ void abandon() const {
#if __CUDA_ARCH__ >= 900
        if (!is_requested || !kCopied || !shape.fits)
            return;
        __syncthreads(); /* the mbarriers are there */
        for (int piece = 0; fetches() && piece < kPieces; piece++)
            await(piece);
#endif
    }

    /* Fetches the warp's share of the part, and takes the lane's maximum of each piece; NaN if it met one. */
    __device__ void fetch(float (&own)[kPieces]) {
        int vector = fetch_begin(warp_in_block()) + lane(), last = fetch_begin(warp_in_block() + 1);
        Maximum<Logit> maximum[kPieces];
#if __CUDA_ARCH__ >= 900
        if (kCopied && shape.fits) {
            if (!is_requested)
                start_copies();
            read_ends();
            __syncthreads();
            for (int piece = 0; piece < kPieces && vector < last; piece++) {
                await(piece);
                vector = each_vector<kFetchedAtOnce / kWarpThreads>(
                    vector, piece_begin(warp_in_block(), piece + 1),
                    [&](int vector, int, int) { maximum[piece].add(on_chip()[vector]); });
            }
        }
#endif
        auto take = [&](int vector, uint4 logit) {
            if (is_held())
                held()[vector] = logit;
            maximum[0].add(logit);
        };
        constexpr int kReads = 8; /* of 8 bytes may be under way, more than which copies do */
        for (; !kCopied && vector < last - (kReads - 1) * kWarpThreads; vector += kReads * kWarpThreads) {
            uint4 logit[kReads];
            for (int i = 0; i < kReads; i++)
                logit[i] = read(vector + i * kWarpThreads);
            for (int i = 0; i < kReads; i++)
                take(vector + i * kWarpThreads, logit[i]);
        }
        for (; vector < last; vector += kWarpThreads)
            take(vector, read(vector));
        __syncwarp();
        for (int piece = 0; piece < kPieces; piece++)
            own[piece] = maximum[piece].value();
    }

    /* The lane's maximum of what its warp fetched, as that is by now. */
    __device__ void take_maxima(float (&own)[kPieces]) const {
        int first = fetch_begin(warp_in_block()), last = fetch_begin(warp_in_block() + 1);
        float maximum = -ARITH_INFINITY;
        for_each_vector(first, last, [&](int, const auto &x) {
            for (float value : x)
                maximum = fmaxf(maximum, value);
        });
        own[0] = maximum;
        own[1] = -ARITH_INFINITY;
    }

#if __CUDA_ARCH__ >= 900
    /* The mbarrier of a piece that some warp fetches. */
    __device__ static uint64_t *landed(int warp, int piece) {
        __shared__ uint64_t mbarriers[kFetchingWarps][kPieces];
        return &mbarriers[warp][piece];
    }

    /* Until a piece of the warp's is there. */
    __device__ static void await(int piece) {
        while (!cuda::ptx::mbarrier_try_wait_parity(landed(warp_in_block(), piece), 0))
            ;
    }

    /* Bulk copies need whole vectors: the first one, and the end, of those that lie wholly in the row. */
    __device__ int first_whole() const { return first_id < 0 ? 1 : 0; }
    __device__ int end_of_whole() const {
        return static_cast<int>(static_cast<unsigned>(vocab - first_id) / kPerVector);
    }

    /* Starts the copies, each piece by a lane of the block's first warp. */
    __device__ void start_copies() const {
        namespace ptx = cuda::ptx;
        if (threadIdx.x < kFetchingWarps * kPieces) {
            int warp = static_cast<int>(threadIdx.x / kPieces),
                piece = static_cast<int>(threadIdx.x % kPieces);
            uint64_t *piece_landed = landed(warp, piece);
            int first = max(piece_begin(warp, piece), first_whole());
            int last = min(piece_begin(warp, piece + 1), end_of_whole());
            uint32_t bytes = static_cast<uint32_t>(max(last - first, 0)) * sizeof(uint4);
            ptx::mbarrier_init(piece_landed, 1);
            ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
            ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, piece_landed,
                                           bytes);
            if (bytes)
                ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, on_chip() + first,
                                   global_vector(first), bytes, piece_landed);
        }
    }

    /* Reads the vectors that lie partly outside the row. */
    __device__ void read_ends() const {
        if (threadIdx.x != 0 || part_vectors == 0)
            return;
        if (first_whole() > 0)
            on_chip()[0] = read(0);
        if (part_vectors > end_of_whole())
            on_chip()[part_vectors - 1] = read(part_vectors - 1);
    }
#endif
};

} // namespace lotto

#endif
