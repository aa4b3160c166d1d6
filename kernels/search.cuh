/*
 * Where a prefix ends whose measure just reaches a target: the leader's part, which decides. The first bracket every block finds for itself.
 *
 * From a value beyond which the measure is known exactly, a bracket of values is placed where the target should be, with what lies beyond it known
 * exactly at every step, until the last token is in the bracket and the bracket's tokens fit the leader's list, which is sorted and
 * summed. A bracket with too many tokens is narrowed, in the end halved; one with many tokens of one value, or of two neighbouring ones, is cut by
 * how many there are of each, and by their ids. Where what lies beyond is an estimate, the same finds the last token, and whether that is certain; if
 * not, what lies beyond the bracket is measured exactly.
 */
#ifndef LOTTO_SEARCH_CUH
#define LOTTO_SEARCH_CUH

#include "estimate.cuh"
#include "list.cuh"

namespace lotto {

/* What a bracket holds of a run; two wide stores. */
struct alignas(sizeof(uint4)) Found {
    uint64_t measure, passed;    /* passed: of the rest of the step's stretch */
    uint32_t count, least, most; /* values, as ordered integers */
    uint32_t unused;
};

/*
 * What the leader has of a prefix. RUNS: in scratch().beyond, each run's measure of it; DRAWN: the token drawn from it; LIST: on its list, sorted, the
 * first tokens of the row's order, the prefix's among them, and if they are measured by weight their sums.
 */
enum Known { NOTHING, RUNS, DRAWN, LIST };

/* Values, inclusive: a bracket's, and those of a stretch that it is part of. */
struct Range {
    float low, top, least, most;

    __device__ bool passes() const { return (least < low) | (most > top); }
};

/* What the leader asks of the team. */
struct Step {
    /*
     * HEAD: a bracket from the maximum down, and what is judged in all. SIDES: what lies above a bracket, and the rest of what is judged; EXACT_SIDES: the
     * same without estimates, of a bracket that has been swept. SWEEP: a bracket, and the stretch from the edge to its far end, of which the rest is
     * measured alone; COUNT: one that has one value. LOCATE: asked of nobody, the end is the last one of a tie, of which bound has the value.
     */
    enum Kind { HEAD, SIDES, EXACT_SIDES, SWEEP, COUNT, LOCATE, DONE } kind;
    Known known;    /* DONE: of the prefix that ends there */
    uint64_t bound; /* DONE, LOCATE */
    float low, top, least, most;
};

/* A step as the team's warps read it. */
struct AskedStep : ByLanes<Step> {
    using ByLanes::ByLanes;
    __device__ Step::Kind kind() const { return static_cast<Step::Kind>(word<offsetof(Step, kind)>()); }
    __device__ float low() const { return arith_of_bits(word<offsetof(Step, low)>()); }
    __device__ float top() const { return arith_of_bits(word<offsetof(Step, top)>()); }
    __device__ float least() const { return arith_of_bits(word<offsetof(Step, least)>()); }
    __device__ float most() const { return arith_of_bits(word<offsetof(Step, most)>()); }
    __device__ Known known() const { return static_cast<Known>(word<offsetof(Step, known)>()); }
    __device__ uint64_t bound() const { return two_words<offsetof(Step, bound)>(); }
};

/* A bracket and its stretch, as ordered integers. */
struct Bracket {
    uint32_t low, top, least, most;

    __device__ bool passes() const { return least < low || most > top; }
};

/* How far a bracket's ends are from the edge. */
struct Widths {
    float near, far;
};

/* What is known of where the prefix ends. Its values are floats': none is kOrderedMinusZero. */
struct Search {
    uint64_t judged;    /* the prefix that the found one is part of, by its bound */
    Goal goal;          /* what the found one reaches: */
    uint64_t target;    /* it measures so much, at least */
    uint64_t error;     /* of the target less what lies beyond the edge, at most; 0: nothing is estimated */
    Bracket bracket;    /* the step's */
    uint64_t beyond;    /* the measure of what lies beyond the edge */
    uint64_t estimated; /* the same when it was an estimate; 0: it never was */
    uint32_t edge;      /* tokens with larger values are beyond it */
    uint32_t maximum;   /* of the row */
    uint32_t floor, ceiling; /* the last token's value lies between these */
    float tokens_per_unit;   /* near the edge, as far as is known; 0: it is not */
    int bits_rounded;        /* the logits that differ from one in its last so many bits alone are that one */
    int misses, overflows;   /* brackets without the last token, and with too many others */

    /* Whether a sum reaches the target. What is estimated may be less than 0. */
    __device__ bool is_reached(uint64_t sum) const { return static_cast<int64_t>(sum - target) >= 0; }
    __device__ bool goes_down() const { return !is_reached(beyond); }

    /* Of the target less what lies beyond, where both are estimates. */
    __device__ uint64_t error_of_share(uint64_t beyond, uint64_t rest, int vocab) const {
        float share = fminf(fmaxf(goal.mass_share, 0.0f), 1.0f);
        return estimate_error((1.0f - share) * static_cast<float>(beyond) + share * static_cast<float>(rest),
                              vocab);
    }

    /* Of a bracket likely to hold the last token, and few others. value, each: of a token at the edge, and what it measures. */
    __device__ Widths widths(float value, uint64_t each) const {
        uint64_t away = goes_down() ? target - beyond : beyond - target;
        float tokens = static_cast<float>(away) / static_cast<float>(each);
        /* Half of what lies between a logit and the next, or more. */
        float apart = fabsf(value) * 0x1p-24f * static_cast<float>(1 << bits_rounded);
        float alike = 2.0f * apart * tokens_per_unit;
        bool coarse = !(alike <= 0.6f * kListPlaces);       /* so many, and the bracket is one value */
        bool like_maximum = edge == maximum && misses == 0; /* as a guess of many alike says */
        if (like_maximum || (coarse && !(tokens >= 2.0f * alike) && misses < 3))
            return {0, 0}; /* the next */
        float aside = coarse ? 0.0f : fminf(17.0f + 0.10f * tokens, 0.4f * (kListPlaces - alike));
        bool lost = misses > 2 || (aside > 0.0f && tokens > 4 * kListPlaces &&
                                   overflows == 0); /* or many tokens are alike */
        float near = lost ? 0.0f : fmaxf(tokens - aside, 0.0f), far = lost ? 2.0f * tokens : tokens + aside;
        float unsure = misses < 3 ? 1.0f : static_cast<float>(1 << min(3 * (misses - 2), 30));
        near = fmaxf(near / tokens_per_unit - 2.0f * apart, 0.0f); /* a value has all as far as the next */
        far = unsure * far / tokens_per_unit + 0.25f * apart;      /* the last part: above 0 */
        return far > 0.0f && far < ARITH_INFINITY ? Widths{near, far} : Widths{0, ARITH_INFINITY};
    }

    /* The first value from one on, up and down, that a logit can have. */
    __device__ uint32_t rounded_up(uint32_t value) const {
        uint32_t rest = (1u << bits_rounded) - 1, up = value >> 31 ? (value + rest) & ~rest : value | rest;
        return up + (up == kOrderedMinusZero);
    }
    __device__ uint32_t rounded_down(uint32_t value) const {
        uint32_t rest = (1u << bits_rounded) - 1, down = value - (value == kOrderedMinusZero);
        return down >> 31 ? down & ~rest : ((down + 1) & ~rest) - 1;
    }

    /* Whether no logit lies between two values. */
    __device__ bool are_next(uint32_t lower, uint32_t upper) const {
        return lower < upper && rounded_up(lower + 1) >= upper;
    }

    /* Of the values from one to another, about half are up to the result, the last not, unless all are alike. */
    __device__ uint32_t halfway(uint32_t first, uint32_t last) const {
        uint32_t from = first >> bits_rounded, to = last >> bits_rounded;
        if (from == to)
            return last;
        uint32_t middle = from > to ? to + (from - to + 1) / 2 : from + (to - from) / 2;
        return from > to ? middle << bits_rounded : ((middle + 1) << bits_rounded) - 1;
    }

    /* The next bracket, and how it is asked for. In the end brackets are halved, so that the search does. */
    template <typename Measure> __device__ Step::Kind choose(Measure measure) {
        bool halves = overflows > 2 || misses > 12, down = goes_down();
        uint32_t first = down ? rounded_down(edge) : rounded_up(edge + 1), last = down ? floor : ceiling;
        float value = arith_of_ordered(first), sign = down ? -1.0f : 1.0f;
        Widths width = widths(value, measure(value));
        auto within = [&](uint32_t ordered) { return min(max(ordered, min(first, last)), max(first, last)); };
        uint32_t near = first, far = halfway(first, last);
        if (!halves) {
            near = within(arith_ordered(value + sign * width.near));
            far = within(arith_ordered(value + sign * width.far));
        }
        bracket.low = rounded_up(min(near, far));
        bracket.top = rounded_down(max(near, far));
        if (bracket.low > bracket.top) /* no logit lies between them */
            bracket.low = bracket.top = down ? bracket.top : bracket.low;
        bracket.least = min(bracket.low, first);
        bracket.most = max(bracket.top, first);
        bool is_one_value = bracket.low == bracket.top && !bracket.passes() && is_whole(judged);
        return is_one_value ? Step::COUNT : Step::SWEEP;
    }

    /* Nothing is known but the edge: the last token may be any. */
    __device__ void begin_at(uint32_t from) {
        floor = rounded_up(static_cast<uint32_t>(judged >> ARITH_ID_BITS));
        ceiling = maximum;
        edge = min(max(from, floor), ceiling);
        misses = overflows = 0;
    }

    __device__ static float width_of(uint32_t low, uint32_t top) {
        return arith_of_ordered(top) - arith_of_ordered(low);
    }

    /* The stretch between the edge and the bracket is measured: the edge moves to the bracket. Was the last token in that stretch already? */
    template <typename Measure> __device__ bool pass(uint64_t measured, Measure measure) {
        bool down = goes_down();
        beyond += down ? measured : 0 - measured;
        edge = down ? bracket.top : rounded_down(bracket.low - 1);
        bool missed = goes_down() != down;
        if (missed) {
            misses++;
            learn(down ? width_of(bracket.top, bracket.most) : width_of(bracket.least, bracket.low), measured,
                  measure);
        }
        if (goes_down())
            ceiling = min(ceiling, edge);
        else
            floor = max(floor, rounded_up(edge + 1));
        return missed;
    }

    /* What lies in a width tells how densely tokens lie, as many as would be if each measured as one at the edge; nothing there, that they lie far apart. */
    template <typename Measure> __device__ void learn(float width, uint64_t measured, Measure measure) {
        if (measured == 0)
            tokens_per_unit *= 1.0f / 16;
        else if (width > 0.0f)
            tokens_per_unit = fmaxf(0.25f * tokens_per_unit, /* few may be followed by very many */
                                    static_cast<float>(measured) /
                                        static_cast<float>(measure(arith_of_ordered(edge))) / width);
    }

    /* The last token was not in the bracket: the edge moves to its other end. */
    template <typename Measure> __device__ void move(const Found &found, Measure measure) {
        if (goes_down()) {
            beyond += found.measure;
            edge = rounded_down(bracket.low - 1);
            ceiling = min(ceiling, edge);
        } else {
            beyond -= found.measure;
            edge = bracket.top;
            floor = max(floor, rounded_up(edge + 1));
        }
        misses++;
        learn(width_of(bracket.low, bracket.top), found.measure, measure);
    }

    /* It was, among too many. */
    template <typename Measure> __device__ void narrow(const Found &found, Measure measure) {
        edge = goes_down() ? found.most : rounded_down(found.least - 1);
        floor = found.least;
        ceiling = found.most;
        overflows++;
        learn(width_of(found.least, found.most), found.measure, measure);
    }
};

/* The sides of a value. */
enum Side { BEYOND, REST, SIDES };

/* The leader's, but for its address, and what each block has of the sides and of the search. */
struct Scratch {
    alignas(sizeof(uint4)) uint64_t of_warps[kBlockWarps][SIDES];
    alignas(sizeof(uint4)) uint64_t of_blocks[kMaxTeamBlocks][SIDES];
    List list;
    uint64_t beyond[kMaxTeamWarps]; /* the measure of what lies beyond the edge, or is kept, run by run */
    uint64_t rest[kMaxTeamWarps];   /* of what is judged, run by run */
    Found found[kMaxTeamWarps];
    Search search;
    Step step;
    bool is_listed;       /* of a step: the list has the last token, */
    uint64_t before_list; /* and so much lies beyond it */
    float low;            /* of a head that is listed */
    uint64_t bound;
    int kept; /* of a list that holds all that is kept: the first so many */
    uint64_t mass;
    Place place; /* of the drawn token, by mass */
    Place tie;   /* of the last one of a tie, by count */
    Located drawn;
    uint32_t is_sure; /* that it is the drawn one: 0 or 1 */
};

__device__ inline Scratch &scratch() {
    __shared__ Scratch shared;
    return shared;
}
__device__ inline Scratch &leaders_scratch(const Team &team) { return *team.at_leader(&scratch()); }

/* What the leader has there, once it has written it. */
template <typename T> __device__ T from_leader(const Team &team, T Scratch::*what) {
    team.sync();
    return leaders_scratch(team).*what;
}

/* A sum of of_run(warp) over the runs, by a warp of the leader's. */
template <typename OfRun> __device__ uint64_t sum_runs(int warps, OfRun of_run) {
    uint64_t sum = 0;
#pragma unroll 1
    for (int warp = lane(); warp < warps; warp += kWarpThreads)
        sum += of_run(warp);
    return warp_sum(sum);
}
__device__ inline uint64_t sum_runs(int warps, uint64_t *of_runs) {
    return sum_runs(warps, [&](int warp) { return of_runs[warp]; });
}

/* All runs' part of the bracket. By a warp of the leader's; every lane gets it. */
__device__ inline Found sum_found(int warps) {
    Found own = {0, 0, 0, ~0u, 0, 0};
#pragma unroll 1
    for (int warp = lane(); warp < warps; warp += kWarpThreads) {
        Found run = scratch().found[warp];
        own = {own.measure + run.measure, own.passed + run.passed, own.count + run.count,
               min(own.least, run.least), max(own.most, run.most), 0};
    }
    return {warp_sum(own.measure), warp_sum(own.passed), warp_sum(own.count),
            warp_min(own.least),   warp_max(own.most),   0};
}

/* The edge moves over what was found in each run too; what is counted is not drawn from. By the leader's first warp. */
template <typename Measure> __device__ void move_runs(int warps, bool down, uint64_t Found::*over) {
    for (int warp = lane(); !Measure::kCounts && warp < warps; warp += kWarpThreads)
        scratch().beyond[warp] += down ? scratch().found[warp].*over : 0 - scratch().found[warp].*over;
    __syncwarp();
}

/* The last token is in the list, which is sorted. Sums it; the runs' measures become those of the prefix. Returns the last token's entry. */
template <typename Measure> __device__ int cut_list(const Search &search, uint64_t before, Measure measure) {
    List &list = scratch().list;
    if constexpr (Measure::kCounts)
        return static_cast<int>(search.target - before - 1);
    list_sum(list, before, measure);
    int all = static_cast<int>(list.count);
    int last = list.first(all, [&](int i) { return search.is_reached(list.sum[i]); });
    bool down = search.goes_down();
    for (int i = threadIdx.x; i < all; i += kBlockThreads) {
        unsigned long long weight = measure(entry_value(list.entry[i]));
        if (down == (i <= last))
            atomicAdd(reinterpret_cast<unsigned long long *>(&scratch().beyond[entry_warp(list.entry[i])]),
                      down ? weight : 0 - weight);
    }
    return last;
}

/* Whether the list's last token is the same wherever within the error the target is. */
template <typename Measure> __device__ bool cut_is_sure(const Search &search, uint64_t before, int last) {
    if constexpr (Measure::kEstimated) { /* where tokens are counted the list has no sums */
        const List &list = scratch().list;
        uint64_t without = last > 0 ? list.sum[last - 1] : before;
        return search.error == 0 ||
               (list.sum[last] - search.target >= search.error && search.target - without > search.error);
    }
    return true;
}

/*
 * The last token is one of many alike: where is it? The runs' measures become those of the prefix. In no run if that depends on where within the error
 * the target is. By the leader's first warp.
 */
template <typename Measure>
__device__ Place place_in_tie(int warps, const Search &search, uint64_t before, uint32_t value,
                              Measure measure) {
    uint64_t each = measure(arith_of_ordered(value)), wanted = search.target - before;
    uint64_t left = (wanted + each - 1) / each; /* so many of them are kept */
    if (Measure::kEstimated && search.error > 0 &&
        (wanted <= search.error || (wanted - search.error + each - 1) / each != left ||
         (wanted + search.error + each - 1) / each != left))
        return {0, 0, -1, true};
    bool down = search.goes_down();
    Place place = find_run(warps, left - 1, [](int warp) { return scratch().found[warp].count; });
    for (int warp = lane(); !Measure::kCounts && warp < warps; warp += kWarpThreads) {
        uint64_t here = scratch().found[warp].count, kept = warp < place.warp   ? here
                                                            : warp > place.warp ? 0
                                                                                : place.rest + 1;
        scratch().beyond[warp] += down ? kept * each : 0 - (here - kept) * each;
    }
    return place;
}

/*
 * A bracket has no values but the two found: of these the one that has the last token becomes all that was found, in each run, too, whose count and measure
 * tell how many are of which. before: what lies beyond what was found. Returns false if both measure the same. By the leader's first warp.
 */
template <typename Measure>
__device__ bool take_one_of_two(int warps, const Search &search, uint64_t &before, Found &all,
                                Measure measure) {
    uint32_t upper = all.most, lower = all.least;
    uint64_t of_upper = measure(arith_of_ordered(upper)), of_lower = measure(arith_of_ordered(lower));
    if (of_upper == of_lower)
        return false;
    auto uppers = [&](const Found &found) {
        return static_cast<uint32_t>((found.measure - found.count * of_lower) / (of_upper - of_lower));
    };
    uint64_t with_uppers = before + uppers(all) * of_upper;
    bool in_upper = search.is_reached(with_uppers), down = search.goes_down();
    auto take = [&](Found &found) {
        uint32_t above = uppers(found), count = in_upper ? above : found.count - above,
                 value = in_upper ? upper : lower;
        uint64_t other = in_upper ? (found.count - above) * of_lower : above * of_upper;
        found = {
            count * (in_upper ? of_upper : of_lower), 0, count, count ? value : ~0u, count ? value : 0, 0};
        return other;
    };
    for (int warp = lane(); warp < warps; warp += kWarpThreads) {
        uint64_t other = take(scratch().found[warp]);
        if (down != in_upper)
            scratch().beyond[warp] += down ? other : 0 - other;
    }
    __syncwarp();
    take(all);
    before = in_upper ? before : with_uppers;
    return true;
}

/* What the sums on both sides of the edge tell; estimated: they are estimates. */
__device__ inline void take_sides(Search &search, uint64_t beyond, uint64_t rest, bool estimated, int vocab) {
    search.beyond = beyond;
    search.target = search.goal.target(beyond + rest);
    search.error = estimated ? search.error_of_share(beyond, rest, vocab) : 0;
    search.estimated = estimated ? beyond : 0;
}

/* The same by all blocks' sums. By a whole warp. */
__device__ inline void take_sides_of_blocks(Search &search, int blocks, bool estimated, int vocab) {
    const uint64_t *own = scratch().of_blocks[lane()];
    take_sides(search, warp_sum(lane() < blocks ? own[BEYOND] : 0), warp_sum(lane() < blocks ? own[REST] : 0),
               estimated, vocab);
}

/* Asks for a step. By thread 0. */
__device__ inline void ask(const Search &search, Step::Kind kind, uint64_t bound = 0, Known known = RUNS) {
    const Bracket &bracket = search.bracket;
    scratch().search = search;
    scratch().step = {kind,
                      known,
                      bound,
                      arith_of_ordered(bracket.low),
                      arith_of_ordered(bracket.top),
                      arith_of_ordered(bracket.least),
                      arith_of_ordered(bracket.most)};
}

/* Asks for the first step: from the search's edge, or of the bracket from the maximum down to it. By thread 0 of the leader. */
__device__ inline void begin_search(Search search, Step::Kind kind) {
    uint32_t low = search.edge;
    if (kind != Step::SIDES)
        search.edge = search.ceiling;
    search.bracket = {low, search.edge, low, search.edge};
    ask(search, kind);
    scratch().list.count = 0;
}

/*
 * Gives every block the step, and the search where each chooses the bracket for itself. By the leader's first warp; a call, so that it takes no registers of
 * the others.
 */
static __device__ __noinline__ void tell_step(Team team) {
    team.tell(&scratch().step);
    if (scratch().step.kind == Step::SIDES)
        team.tell(&scratch().search);
}

/* The bracket is swept, but what lies beyond it is not known well enough. By thread 0. */
__device__ inline void ask_exactly(Search search) {
    Bracket &bracket = search.bracket;
    search.begin_at(bracket.top);
    bracket.least = bracket.low;
    bracket.most = bracket.top;
    ask(search, Step::EXACT_SIDES);
}

/* The first bracket, by the sides of the guessed value. By each block's first warp, for its own block: all find the same. */
template <typename Measure>
__device__ __noinline__ void choose_bracket(int blocks, int vocab, Measure measure) {
    Search search = scratch().search;
    take_sides_of_blocks(search, blocks, measure.by_estimates, vocab);
    Step::Kind kind = search.choose(measure);
    __syncwarp(); /* all have read it */
    if (lane() == 0)
        ask(search, kind);
}

/* What a step's sums tell, and what to do next, unless the list has the last token: then that is to be found there. By the leader's first warp. */
template <typename Measure> __device__ void judge(int blocks, int vocab, Measure measure) {
    Scratch &own = scratch();
    int warps = blocks * kBlockWarps;
    Search search = own.search;
    Step::Kind kind = own.step.kind, next = kind;
    if (kind == Step::HEAD)
        take_sides(search, 0, sum_runs(warps, own.rest), Measure::kEstimated, vocab);
    if (kind == Step::SIDES || kind == Step::EXACT_SIDES)
        take_sides_of_blocks(search, blocks, false, vocab);
    bool down = search.goes_down(), listed = false, is_tie = false;
    uint64_t before = 0, bound = search.judged;
    Found all = {};
    if (kind == Step::SIDES || (kind == Step::EXACT_SIDES && !down)) {
        next = search.choose(measure);
    } else {
        all = sum_found(warps);
        bool missed = false;
        if (search.bracket.passes()) {
            move_runs<Measure>(warps, down, &Found::passed);
            missed = search.pass(all.passed, measure);
        }
        before = down ? search.beyond : search.beyond - all.measure; /* what lies beyond the bracket */
        bool inside =
            !missed && (down ? search.is_reached(before + all.measure) : !search.is_reached(before));
        /* Upwards none but an estimate gets there, which may leave something beyond the maximum. */
        bool at_the_end = down ? search.bracket.low == search.floor : search.bracket.top == search.ceiling;
        listed = inside && own.list.count == all.count && all.count <= kListPlaces;
        /* Many alike need not be sorted. */
        bool counted = false;
        if constexpr (Measure::kEstimated) /* others have no registers for it */
            counted = inside && kind == Step::SWEEP && all.count > kWarpThreads &&
                      (all.least == all.most || (search.are_next(all.least, all.most) &&
                                                 take_one_of_two(warps, search, before, all, measure)));
        is_tie = counted || (inside && !listed && all.least == all.most);
        listed = listed && !counted;
        if (missed) {
            next = search.choose(measure);
        } else if (!inside) {
            move_runs<Measure>(warps, down, &Found::measure);
            if (at_the_end) {
                next = Measure::kEstimated && search.error > 0 ? Step::EXACT_SIDES : Step::DONE;
            } else {
                search.move(all, measure);
                next = search.choose(measure);
            }
        } else if (is_tie) {
            search.bracket.low = search.bracket.top = all.least;
        } else if (!listed) {
            search.narrow(all, measure);
            next = search.choose(measure);
        }
    }
    Place tie = {0, 0, -1, true};
    if (is_tie) {
        tie = place_in_tie(warps, search, before, all.least, measure);
        next = tie.warp >= 0 ? Step::LOCATE : Step::EXACT_SIDES;
        bound = arith_key(arith_of_ordered(all.least), ARITH_MAX_VOCAB - 1);
    }
    __syncwarp(); /* all have read what there is */
    if (lane() != 0)
        return;
    own.tie = tie;
    own.is_listed = listed;
    own.before_list = before;
    if (listed)
        own.search = search;
    else if (next == Step::EXACT_SIDES)
        ask_exactly(search);
    else
        ask(search, next, bound);
    if (!listed && (next == Step::SWEEP || next == Step::COUNT))
        own.list.count = 0;
}

/* The next step. By the whole leading block; a call, so that it takes no registers and instructions of the others. */
template <typename Measure>
__device__ __noinline__ void advance_search(int blocks, int vocab, Measure measure) {
    Scratch &own = scratch();
    if (warp_in_block() == 0)
        judge(blocks, vocab, measure);
    __syncthreads();
    if (!own.is_listed)
        return;
    list_sort(own.list, static_cast<int>(own.list.count));
    __syncthreads();
    const Search &search = own.search;
    int last = cut_list(search, own.before_list, measure);
    __syncthreads(); /* the runs' measures are those of the prefix */
    if (threadIdx.x != 0)
        return;
    if (cut_is_sure<Measure>(search, own.before_list, last))
        ask(search, Step::DONE, entry_key(own.list.entry[last]),
            own.before_list == 0 && search.estimated == 0 ? LIST : RUNS);
    else
        ask_exactly(search);
}

} // namespace lotto

#endif
