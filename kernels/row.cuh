/*
 * One row of logits, read by one block.
 *
 * Every kernel here gives a row to a block: rows are independent, so nothing about a row depends on the launch. A pass over a
 * row is its block's threads looping over token ids side by side, reading the logits from global memory each time.
 */
#ifndef LOTTO_ROW_CUH
#define LOTTO_ROW_CUH

#include "block.cuh"

namespace lotto {

/* The logit types: how an element becomes binary32. */
struct F32 {
    float value;
    __device__ operator float() const { return value; }
};
struct F16 {
    uint16_t bits;
    __device__ operator float() const { return arith_of_f16(bits); }
};
struct BF16 {
    uint16_t bits;
    __device__ operator float() const { return arith_of_bf16(bits); }
};

template <typename Logit> struct Row {
    const Logit *logits;
    int vocab;

    __device__ Row(const lotto_logits &batch, int64_t index)
        : logits(static_cast<const Logit *>(batch.data) + index * batch.row_stride),
          vocab(static_cast<int>(batch.vocab)) {}

    /* The working value of a token. */
    __device__ float operator[](int id) const { return arith_without_nan(logits[id]); }

    /* Calls visit(id) for every token of [begin, end), threads side by side. */
    template <typename Visit> __device__ static void for_each(int begin, int end, Visit visit) {
        for (int id = begin + static_cast<int>(threadIdx.x); id < end; id += kBlockThreads)
            visit(id);
    }

    /* Calls visit(id, working value, key) for every token of the row. */
    template <typename Visit> __device__ void for_each(Visit visit) const {
        for_each(0, vocab, [&](int id) {
            float x = (*this)[id];
            visit(id, x, arith_key(x, id));
        });
    }
};

/* What one pass over a row tells. */
struct Summary {
    uint64_t first_key; /* the key of the first token of the row's order */
    uint32_t above_minus_infinity;
    uint32_t infinities;
    uint32_t flags; /* lotto_row_status bits found on the way */

    __device__ float maximum() const { return arith_key_value(first_key); }
    __device__ uint32_t candidates() const { return infinities ? infinities : above_minus_infinity; }
    __device__ uint32_t status() const {
        if (flags & LOTTO_ROW_BAD_CONTROL)
            return LOTTO_ROW_BAD_CONTROL;
        return flags | (infinities ? LOTTO_ROW_HAD_POS_INF : 0u) | (candidates() ? 0u : LOTTO_ROW_EMPTY);
    }
};

template <typename Logit> __device__ Summary summarize(const Row<Logit> &row) {
    Summary own = {0, 0, 0, 0};
    row.for_each([&](int id, float x, uint64_t key) {
        float logit = row.logits[id];
        own.first_key = max(own.first_key, key);
        own.above_minus_infinity += x > -ARITH_INFINITY;
        own.infinities += x == ARITH_INFINITY;
        if (logit != logit)
            own.flags = LOTTO_ROW_HAD_NAN;
    });
    return block_reduce(own, [](const Summary &a, const Summary &b) {
        return Summary{max(a.first_key, b.first_key), a.above_minus_infinity + b.above_minus_infinity,
                       a.infinities + b.infinities, a.flags | b.flags};
    });
}

/* A row whose controls are bad is not read: it has no candidates. */
template <typename Logit> __device__ Summary summarize(const Row<Logit> &row, arith_controls controls) {
    if (!arith_controls_are_good(controls))
        return {0, 0, 0, LOTTO_ROW_BAD_CONTROL};
    return summarize(row);
}

} // namespace lotto

#endif
