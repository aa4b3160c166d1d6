/*
 * What a row's adjustments make of it (ARITHMETIC.md, section 1), where the row is held: once its logits are there, before anything is
 * selected. From then on it is a row like any other.
 *
 * Each block does its own part, in the order of the law, with barriers of its own alone. It looks at the whole of each list for the tokens
 * of its part, so that no block waits for another. Nothing is added by atomics but counts; -inf is written over whatever was there.
 *
 * Cost       no read of the logits; a mask's words, lists and biases are read from DRAM once. A row for which everything is off is not looked at again.
 *            Issue slots a logit of 64 rows of 128256 f32 in six blocks each, counted by the virtual GPU: 2.5 for the maxima, which are taken anew once
 *            anything is on; 5 for a mask, 10 where every vector has tokens of both kinds; 0.9 for 32 biases; 5 for a history of 1024 tokens,
 *            14 for one of 4096. 16-bit logits cost 5 more, since they are widened.
 *            Two barriers for 256 biases, and two more each time that two of the 256 may be of one token. A pass over the history
 *            for each stretch of the part that holds as many distinct tokens as the table takes: one, if that may be the whole part.
 * Memory     none of its own: the table lies in the scratch that the selection has later
 * Reference  host/reference/adjust.c
 */
#ifndef LOTTO_ADJUST_CUH
#define LOTTO_ADJUST_CUH

#include "guess.cuh"
#include "search.cuh"

namespace lotto {

constexpr int kSlots = 1024;
constexpr int kProbes = 32; /* a table in which a token finds no slot after so many is full */
constexpr uint32_t kNoPlace = ~0u;

/* The block's, for one row. */
struct AdjustScratch {
    arith_adjustments of_row;
    union {
        uint32_t turns[kSlots]; /* bias: whose turn it is, of those that meet in a slot */
        struct {
            uint32_t
                places[kSlots]; /* penalize: a table of the history's tokens, by their places in the part, */
            uint32_t counts[kSlots]; /* and how often each stands in the output */
        };
    };
};

/* Nobody needs scratch() before the team has agreed on the row's maximum. */
__device__ inline AdjustScratch &adjust_scratch() {
    static_assert(sizeof(AdjustScratch) <= sizeof(Scratch) && alignof(AdjustScratch) <= alignof(Scratch));
    return reinterpret_cast<AdjustScratch &>(scratch());
}

/* A block's part of the row, as working values: binary32 without NaN. */
struct Part {
    uint4 *vectors;
    int first_id, vector_count, vocab;
    uint32_t status = 0; /* this thread's */

    template <typename Logit>
    __device__ explicit Part(const Row<Logit> &row)
        : vectors(row.held()), first_id(row.first_id), vector_count(row.part_vectors), vocab(row.vocab) {}

    __device__ int places() const { return vector_count * F32::kPerVector; }

    /* Where the part has a token; -1 if another has it. What is none is told. */
    __device__ int place_of(int id) {
        if (static_cast<uint32_t>(id) >= static_cast<uint32_t>(vocab)) {
            status |= LOTTO_ROW_BAD_ID;
            return -1;
        }
        int place = id - first_id;
        return place < places() ? max(place, -1) : -1;
    }

    __device__ F32 &at(int place) const { return reinterpret_cast<F32 *>(vectors)[place]; }

    /* What has become NaN is -inf from then on. */
    __device__ void set(int place, float x) {
        status |= x != x ? LOTTO_ROW_HAD_NAN : 0;
        at(place).bits = arith_bits_of(arith_without_nan(x));
    }
};

/* ---- 1. masks ----------------------------------------------------------------------------------------------------- */

/* Some of a thread's vectors, as far apart as the block has threads: a word of the mask has 32 tokens, so each of them begins at the same bit. */
template <int kAtOnce> __device__ void allow_at(const Part &part, const uint32_t *allowed, int vector) {
    constexpr uint32_t kNone = F32::kMinusInfinity, kAll = (1u << F32::kPerVector) - 1;
    constexpr int kWords = kBlockThreads * F32::kPerVector / 32; /* from one vector to the next */
    int id = part.first_id + vector * F32::kPerVector, bit = id & 31;
    const uint32_t *word = allowed + (id >> 5);
    uint32_t bits[kAtOnce];
    for (int i = 0; i < kAtOnce; i++) {
        /* Places outside the row may have any bits; those before it are in a first vector. */
        uint32_t low = i > 0 || id >= 0 ? word[i * kWords] : 0, high = 0;
        if (bit + F32::kPerVector > 32 && id + i * kWords * 32 < part.vocab / 32 * 32)
            high = word[i * kWords + 1];
        bits[i] = __funnelshift_r(low, high, bit) & kAll;
    }
    for (int i = 0; i < kAtOnce; i++) {
        int first = vector + i * kBlockThreads;
        if (bits[i] == 0)
            part.vectors[first] = make_uint4(kNone, kNone, kNone, kNone);
        else if (bits[i] != kAll)
            for (int place = 0; place < F32::kPerVector; place++)
                if (!(bits[i] >> place & 1))
                    part.at(first * F32::kPerVector + place).bits = kNone;
    }
}

__device__ inline void allow(const Part &part, const uint32_t *allowed) {
    constexpr int kAtOnce = 4;
    int vector = threadIdx.x;
    for (; vector < part.vector_count - (kAtOnce - 1) * kBlockThreads; vector += kAtOnce * kBlockThreads)
        allow_at<kAtOnce>(part, allowed, vector);
    for (; vector < part.vector_count; vector += kBlockThreads)
        allow_at<1>(part, allowed, vector);
}

__device__ inline void ban(Part &part, arith_ids list) {
    for (int i = threadIdx.x; i < list.length; i += kBlockThreads) {
        int place = part.place_of(list.ids[i]);
        if (place >= 0)
            part.at(place).bits = F32::kMinusInfinity;
    }
}

/* ---- 2. biases ---------------------------------------------------------------------------------------------------- */

/*
 * A token's biases are added in list order: of 256 entries, those that meet in a slot go one after another, first by place in the list.
 * Turns of later rounds are smaller, so that a slot need not be cleared.
 */
__device__ inline void bias(Part &part, arith_ids list, const float *biases) {
    static_assert(kBlockThreads <= 1 << 8 && ARITH_MAX_IDS <= 1 << 24, "a turn is a round and a thread");
    uint32_t *turns = adjust_scratch().turns;
    for (int slot = threadIdx.x; slot < kSlots; slot += kBlockThreads)
        turns[slot] = ~0u;
    /* In each round an entry goes: there are no more rounds than entries. */
    uint32_t turn = ((1u << 24) - 1) << 8 | threadIdx.x;
    for (int first = 0; first < list.length; first += kBlockThreads) {
        int i = first + static_cast<int>(threadIdx.x);
        int place = i < list.length ? part.place_of(list.ids[i]) : -1;
        float change = place >= 0 ? biases[i] : 0.0f;
        for (bool waits = place >= 0; __syncthreads_or(waits); turn -= 1u << 8) {
            uint32_t *slot = &turns[static_cast<unsigned>(place) % kSlots];
            if (waits)
                atomicMin(slot, turn);
            __syncthreads();
            if (waits && *slot == turn) {
                part.set(place, arith_plus(part.at(place), change));
                waits = false;
            }
        }
    }
}

/* ---- 3. penalties ------------------------------------------------------------------------------------------------- */

/* The slot of a place in the table; -1 if there is none. Places of a stretch no longer than the table do not meet. */
__device__ inline int slot_of(int place) {
    unsigned slot = place;
    for (int probe = 1; probe <= kProbes; slot += probe++) {
        slot %= kSlots;
        uint32_t other = atomicCAS(&adjust_scratch().places[slot], kNoPlace, static_cast<uint32_t>(place));
        if (other == kNoPlace || other == static_cast<uint32_t>(place))
            return static_cast<int>(slot);
    }
    return -1;
}

/* Counts the tokens of a stretch of the part, of a list that begins with so many of the prompt, until one finds no slot: whether none did so. */
__device__ inline bool count(Part &part, arith_ids tokens, int prompt_length, int first, int length) {
    constexpr int kAtOnce = 4;
    bool all = true;
    for (int begin = threadIdx.x; all && begin < tokens.length; begin += kAtOnce * kBlockThreads) {
        int place[kAtOnce];
        for (int i = 0; i < kAtOnce; i++) {
            int at = begin + i * kBlockThreads;
            place[i] = at < tokens.length ? tokens.ids[at] : 0;
        }
        for (int i = 0; i < kAtOnce; i++) {
            int at = begin + i * kBlockThreads;
            place[i] = at < tokens.length ? part.place_of(place[i]) : -1;
            if (place[i] < first || place[i] >= first + length)
                continue;
            int slot = slot_of(place[i]);
            all = all && slot >= 0;
            if (slot >= 0 && at >= prompt_length)
                atomicAdd(&adjust_scratch().counts[slot], 1u);
        }
    }
    return all;
}

/*
 * Each distinct token of the history once, with its count, stretch by stretch of the part, each as long as the table has room for. The first is the
 * whole part: a history of some thousand tokens has that many distinct ones in no block but the one of the small ids.
 */
__device__ inline void penalize(Part &part, const arith_adjustments &of_row) {
    AdjustScratch &own = adjust_scratch();
    for (int first = 0, length = part.places(); first < part.places();) {
        for (int slot = threadIdx.x; slot < kSlots; slot += kBlockThreads) {
            own.places[slot] = kNoPlace;
            own.counts[slot] = 0;
        }
        __syncthreads();
        bool all = true;
#pragma unroll 1
        for (int list = 0; list < 2; list++)
            all = count(part, list == 0 ? of_row.history : of_row.drafted,
                        list == 0 ? of_row.prompt_length : 0, first, length) &&
                  all;
        if (!__syncthreads_and(all)) {
            length = max(length / 2, kSlots);
            continue;
        }
        for (int slot = threadIdx.x; slot < kSlots; slot += kBlockThreads)
            if (own.places[slot] != kNoPlace) {
                int place = static_cast<int>(own.places[slot]);
                part.set(place, arith_penalized(part.at(place), of_row.penalties,
                                                static_cast<int32_t>(own.counts[slot])));
            }
        first += length;
        length *= 2;
    }
}

/* ---- all ---------------------------------------------------------------------------------------------------------- */

__device__ inline bool is_adjusted(const arith_adjustments &of_row) {
    return of_row.allowed || (of_row.banned.length | of_row.stops.length | of_row.biased.length |
                              arith_history_length(of_row)) > 0;
}

/* By the whole block, together; returns bits of this thread for the row's status. A call, since it is off the common way. */
static __device__ __noinline__ uint32_t adjust(Part part) {
    const arith_adjustments &of_row = adjust_scratch().of_row;
    if (of_row.allowed) {
        allow(part, of_row.allowed);
        __syncthreads();
    }
    ban(part, of_row.banned);
    ban(part, of_row.stops);
    __syncthreads();
    if (of_row.biased.length > 0)
        bias(part, of_row.biased, of_row.biases);
    __syncthreads();
    if (arith_history_length(of_row) > 0)
        penalize(part, of_row);
    __syncthreads();
    return part.status;
}

/* What the first pass over a row tells, and its adjustments, which are those of a place in the call's arrays. */
template <typename Logit>
__device__ Summary summarize(Row<Logit> &row, const typename Row<Logit>::Adjustments &adjustments,
                             arith_place place) {
    if constexpr (!Row<Logit>::kAdjusted) {
        return summarize(row);
    } else {
        arith_adjustments &of_row = adjust_scratch().of_row;
        if (threadIdx.x == kBlockThreads - 1) /* of a warp that has nothing to fetch, if there is one */
            of_row = arith_row_adjustments(&adjustments.of_batch, place);
        float own[kPieces];
        uint32_t status = take(row, own) ? LOTTO_ROW_HAD_NAN : 0;
        __syncthreads();
        if (!of_row.good)
            return refuse(row);
        if (is_adjusted(of_row)) {
            status |= adjust(Part(row));
            row.take_maxima(own);
        }
        return agree(row, own, status);
    }
}

/* The same of a row that is to be filtered. */
template <typename Logit>
__device__ Summary summarize(Row<Logit> &row, const typename Row<Logit>::Adjustments &adjustments,
                             arith_controls controls, arith_place place) {
    return arith_controls_are_good(controls) ? summarize(row, adjustments, place) : refuse(row);
}
template <typename Logit>
__device__ Summary summarize(Row<Logit> &row, const typename Row<Logit>::Adjustments &adjustments,
                             arith_controls controls) {
    return summarize(row, adjustments, controls, arith_place_of(row.index()));
}

/* Samples of a row that top-p cuts, and no top-k before it. */
template <typename Logit> struct Samples {
    const Row<Logit> &row;
    const arith_controls &controls;
    __device__ bool are_wanted() const {
        return !arith_is_greedy(controls) && arith_has_top_p(controls) &&
               !arith_has_top_k(controls, row.vocab);
    }
    __device__ void prepare() const { clear_bins<WeightBins::kBins>(); }
    __device__ void operator()(const Summary &of_lanes, float maximum) const {
        count_samples(row, of_lanes, WeightBins(maximum, arith_scale(arith_filter_temperature(controls))));
    }
};

/*
 * The same, with samples for a guess where top-p says what is kept, which are taken before the team agrees on the maximum; adjusted rows have no
 * registers left for that.
 */
template <typename Logit>
__device__ Summary summarize_and_sample(Row<Logit> &row, const typename Row<Logit>::Adjustments &adjustments,
                                        arith_controls controls) {
    if constexpr (Row<Logit>::kAdjusted)
        return summarize(row, adjustments, controls);
    else
        return arith_controls_are_good(controls) ? summarize(row, Samples<Logit>{row, controls})
                                                 : refuse(row);
}

} // namespace lotto

#endif
