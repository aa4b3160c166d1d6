/*
 * What sample tells of a row beside a token: what is kept of it, many draws, their places under the model, the likeliest tokens.
 *
 * Cost       of the logits no read more, but for an adjusted row's under the model: some passes over the batch, which hold nothing on chip. Passes
 *            over what is on chip: kept_mass and model_logprob one each; kept and entropy one each, rank one a draw, the likeliest tokens two or three, where
 *            a list does not have them already. A draw takes a pass over one warp's run, or over a list.
 * Order      ties by token id; integer sums: exact, whatever the launch
 */
#ifndef LOTTO_REPORT_CUH
#define LOTTO_REPORT_CUH

#include "draw.cuh"

namespace lotto {

template <typename T> __device__ void store(T *results, int64_t at, T value) {
    if (results)
        results[at] = value;
}

__device__ inline void store_no_draw(const lotto_samples &samples, int64_t at) {
    store(samples.tokens, at, -1);
    store(samples.prob, at, 0.0f);
    store(samples.logprob, at, -ARITH_INFINITY);
    store(samples.model_logprob, at, -ARITH_INFINITY);
    store(samples.rank, at, 0);
}

__device__ inline void store_draw(const lotto_samples &samples, int64_t at, const Kept &kept, Drawn drawn) {
    store(samples.tokens, at, drawn.token);
    if (samples.prob || samples.logprob) {
        float distance = kept.weight.maximum - drawn.x;
        store(samples.prob, at, arith_prob(distance, kept.weight.scale, drawn.mass));
        store(samples.logprob, at, arith_logprob(distance, kept.temperature, drawn.mass));
    }
}

/* What a measure says of what is kept. */
template <typename Logit, typename Measure>
__device__ uint64_t measure_kept(Row<Logit> &row, const Kept &kept, Measure measure) {
    if (kept.known != LIST)
        return measure_prefix(row, kept.bound, measure);
    const List &list = scratch().list;
    uint64_t own = 0;
    for (int i = threadIdx.x; row.team.leads() && i < scratch().kept; i += kBlockThreads)
        own += measure(entry_value(list.entry[i]));
    return team_sum(row.team, warp_sum_of_lanes(own));
}

/* Tells of one row. */
struct Report {
    const lotto_samples &samples;
    int index; /* the row's */
    int draws;
    bool writes; /* this thread, what the row has once */

    __device__ int64_t draw(int number) const { return static_cast<int64_t>(index) * draws + number; }

    /* By the leading block. */
    __device__ void nothing() const {
        for (int number = threadIdx.x; number < draws; number += kBlockThreads)
            store_no_draw(samples, draw(number));
        for (int place = threadIdx.x; place < samples.top_n; place += kBlockThreads)
            top(place, -1, -ARITH_INFINITY);
        if (writes) {
            store(samples.kept, index, 0);
            store(samples.kept_mass, index, 0.0f);
            store(samples.entropy, index, 0.0f);
        }
    }

    __device__ void top(int place, int token, float logprob) const {
        int64_t at = static_cast<int64_t>(index) * samples.top_n + place;
        store(samples.top_ids, at, token);
        store(samples.top_logprobs, at, logprob);
    }

    /* What is kept, whose mass is known. */
    template <typename Logit> __device__ void kept(Row<Logit> &row, const Kept &kept, uint64_t mass) const {
        if (samples.kept) {
            uint64_t count = kept.known == LIST ? from_leader(row.team, &Scratch::kept)
                                                : measure_prefix(row, kept.bound, Count());
            if (writes)
                samples.kept[index] = static_cast<int32_t>(count);
        }
        if (samples.kept_mass) {
            float share = mass_share(row, kept, mass);
            if (writes)
                samples.kept_mass[index] = share;
        }
        if (samples.entropy) {
            uint64_t surprise = measure_kept(row, kept, Surprise{kept.weight});
            if (writes)
                samples.entropy[index] = arith_entropy(surprise, mass);
        }
    }

    /* The first tokens of what is kept. head_listed: the leader's list has the row's first tokens, perhaps enough. */
    template <typename Logit>
    __device__ void top_of(Row<Logit> &row, const Summary &summary, const Kept &kept, uint64_t mass,
                           bool head_listed) const {
        uint64_t bound = kept.bound;
        bool listed = kept.known == LIST;
        if (!listed && head_listed) {
            row.team.sync();
            listed = static_cast<int>(leaders_scratch(row.team).list.count) >= samples.top_n;
        }
        if (!listed) {
            Cut cut = top_k_cut(row, summary, samples.top_n, kept.bound);
            bound = cut.bound;
            if (cut.known != LIST)
                list_prefix(row, summary.maximum, bound);
        }
        const List &list = scratch().list;
        for (int i = threadIdx.x; row.team.leads() && i < samples.top_n; i += kBlockThreads) {
            uint64_t key = i < static_cast<int>(list.count) ? entry_key(list.entry[i]) : 0;
            if (key < bound)
                top(i, -1, -ARITH_INFINITY);
            else
                top(i, static_cast<int>(arith_key_id(key)),
                    arith_logprob(kept.weight.maximum - arith_key_value(key), kept.temperature, mass));
        }
    }

    /* The drawn tokens' places in the row's order, of which the leader's list holds the head that they were drawn from. */
    __device__ void ranks_of_list() const {
        const List &list = scratch().list;
        for (int number = 0; number < draws; number++)
            for (int i = threadIdx.x; i < scratch().kept; i += kBlockThreads)
                if (static_cast<int>(arith_key_id(entry_key(list.entry[i]))) == samples.tokens[draw(number)])
                    samples.rank[draw(number)] = i + 1;
    }

    /*
     * What the logits alone say, of the tokens drawn and of all. The team has met since it stored them. head_listed: the leader's list has the row's
     * first tokens, and the drawn ones among them.
     */
    template <typename Logit>
    __device__ void model(Row<Logit> &row, const Summary &summary, bool lists, bool head_listed) const {
        Kept all = keep_all(summary, 1.0f);
        uint64_t mass = 0;
        if (samples.model_logprob || lists)
            mass = measure_prefix(row, all.bound, all.weight);
        for (int number = threadIdx.x; samples.model_logprob && row.team.leads() && number < draws;
             number += kBlockThreads) {
            float x = row.settle(row.logits[samples.tokens[draw(number)]]);
            samples.model_logprob[draw(number)] =
                arith_logprob(arith_distance(x, summary.maximum), 1.0f, mass);
        }
        if (samples.rank && head_listed && row.team.leads())
            ranks_of_list();
        for (int number = 0; samples.rank && !head_listed && number < draws; number++) {
            int rank = rank_of(row, samples.tokens[draw(number)]);
            if (writes)
                samples.rank[draw(number)] = rank;
        }
        if (lists)
            top_of(row, summary, all, mass, head_listed);
    }
};

} // namespace lotto

#endif
