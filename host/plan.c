#include "plan.h"

#include "reference/row.h"

/* Larger teams than the usual ones find room in few places of a GPU at once: they are for rows of which smaller ones leave no room for a second block. */
enum { VECTOR_BYTES = 16, LARGEST_USUAL_TEAM = 8 };

static const size_t workspace_alignment = 256;
/* A part up to this leaves room for a second block on the same multiprocessor, which works while the first one waits. */
static const size_t part_of_two_blocks = 88 << 10;

static size_t aligned(size_t bytes) {
    return (bytes + workspace_alignment - 1) / workspace_alignment * workspace_alignment;
}

/* Of a row's vectors, the first and the last of which may lie partly outside it, for the block that has most. */
static size_t part_bytes(const lotto_logits *logits, int team) {
    size_t row_bytes = (size_t)logits->vocab * (logits->dtype == LOTTO_F32 ? 4 : 2) + 2 * (VECTOR_BYTES - 1);
    size_t vectors = row_bytes / VECTOR_BYTES;
    return (vectors + (size_t)team - 1) / (size_t)team * VECTOR_BYTES;
}

/* The smallest team of which each block has room for its part; 0 if there is none. */
static int smallest_team(const lotto_logits *logits, size_t room, int largest) {
    for (int team = 1; team <= largest; team++)
        if (part_bytes(logits, team) <= room)
            return team;
    return 0;
}

static size_t rest(size_t whole, size_t taken) { return whole > taken ? whole - taken : 0; }

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Of a team's block: with fewer, one more block saves less than it adds to the team's work. */
static int64_t least_logits(int team) { return team <= LARGEST_USUAL_TEAM ? 2000 : 4000; }

/*
 * Few rows are spread over more blocks than they need, so that the device is busy, as far as all run at once: a second wave would take as long as the first. Over
 * more than usual if each has a multiprocessor to itself.
 */
static int spread(const struct lotto_limits *limits, const lotto_logits *logits, int team, int usual) {
    bool alone = logits->rows * limits->largest_team <= limits->multiprocessors;
    int largest = alone ? limits->largest_team : usual;
    while (team < largest && logits->rows <= limits->teams_at_once[team + 1] &&
           logits->vocab / (team + 1) >= least_logits(team + 1))
        team++;
    return team;
}

/* shared_bytes: what the kernel has beside its part */
static void lay_out_teams(struct lotto_plan *plan, const struct lotto_limits *limits,
                          const lotto_logits *logits, size_t shared_bytes) {
    size_t room = rest(limits->shared_per_block, shared_bytes);
    size_t room_of_two = rest(limits->shared_per_multiprocessor / 2, limits->shared_reserved + shared_bytes);
    int largest = limits->largest_team, usual = largest < LARGEST_USUAL_TEAM ? largest : LARGEST_USUAL_TEAM;
    int team = smallest_team(logits, smaller(room_of_two, part_of_two_blocks), largest);
    if (team == 0)
        team = smallest_team(logits, room, usual);
    if (team == 0 && part_bytes(logits, largest) <= room)
        team = largest;
    bool fits = team > 0;
    team = fits ? spread(limits, logits, team, usual) : usual;
    if (logits->rows * team > INT32_MAX) { /* a grid's limit */
        team = 1;
        fits = part_bytes(logits, 1) <= room;
    }
    plan->team_blocks = (uint32_t)team;
    plan->blocks = (uint32_t)logits->rows * (uint32_t)team;
    plan->part_vectors = (uint32_t)(part_bytes(logits, team) / VECTOR_BYTES);
    plan->part_bytes = fits ? plan->part_vectors * VECTOR_BYTES : 0;
    plan->most_part_bytes = (uint32_t)room;
}

/* list_bytes: of workspace, a row */
static struct lotto_plan plan(const struct lotto_limits *limits, const lotto_logits *logits, bool adjusted,
                              size_t shared_bytes, size_t list_bytes) {
    struct lotto_plan plan = {0};
    if (limits->multiprocessors == 0) { /* the reference: one row at a time */
        plan.workspace_bytes = logits->rows ? aligned(lotto_reference_row_bytes(logits->vocab)) : 0;
        return plan;
    }
    if (logits->rows == 0)
        return plan;
    lotto_logits held = *logits;
    if (adjusted)
        held.dtype = LOTTO_F32;
    lay_out_teams(&plan, limits, &held, shared_bytes);
    if (adjusted && plan.part_bytes == 0)
        plan.held_row_bytes = aligned((size_t)plan.team_blocks * plan.part_vectors * VECTOR_BYTES);
    plan.workspace_row_bytes = plan.held_row_bytes + aligned(list_bytes);
    plan.workspace_bytes = (size_t)logits->rows * plan.workspace_row_bytes;
    return plan;
}

struct lotto_plan lotto_plan_rows(const struct lotto_limits *limits, const lotto_logits *logits,
                                  bool adjusted) {
    return plan(limits, logits, adjusted, LOTTO_ROWS_SHARED_BYTES, 0);
}

struct lotto_plan lotto_plan_lists(const struct lotto_limits *limits, const lotto_logits *logits,
                                   bool adjusted, int64_t capacity) {
    return plan(limits, logits, adjusted, LOTTO_LISTS_SHARED_BYTES,
                2 * (size_t)capacity * sizeof(uint64_t)); /* the list's keys, sorted back and forth */
}

void lotto_plan_add_verdicts(struct lotto_plan *plan, int32_t count) {
    size_t rows = plan->blocks ? plan->blocks / plan->team_blocks : 0, sequences = rows / (size_t)(count + 1);
    plan->workspace_bytes += aligned((rows * LOTTO_VERIFY_ROW_WORDS + sequences) * sizeof(uint32_t));
}
