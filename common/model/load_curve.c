#include "load_curve.h"

#include <math.h>
#include <stdbool.h>

/* A straight piece of the curve. The one after the last point is as long as needed. */
struct piece {
    int64_t length_ns;
    uint64_t from;
    uint64_t to;
};

static struct piece piece_of(const struct load_curve *curve, uint32_t index)
{
    const struct curve_point *point = &curve->points[index];
    struct piece piece = {.length_ns = CURVE_NEVER_NS,
                          .from = point->messages_per_1e6_s,
                          .to = point->messages_per_1e6_s};

    if (index + 1 < curve->points_count) {
        piece.length_ns = point[1].at_ns - point->at_ns;
        piece.to = point[1].messages_per_1e6_s;
    }
    return piece;
}

/* from x + (to - from) x^2 / (2 length), rounded down. The square is divided before it is
 * multiplied, and its rest carried: the product would not fit into 128 bits. */
static curve_position piece_position(const struct piece *piece, int64_t x_ns)
{
    curve_position flat = (curve_position)piece->from * (uint64_t)x_ns;
    curve_position square;
    uint64_t twice;
    uint64_t slope;
    curve_position bent;
    curve_position rest;

    if (piece->from == piece->to) {
        return flat;
    }
    square = (curve_position)x_ns * (uint64_t)x_ns;
    twice = 2 * (uint64_t)piece->length_ns;
    slope = piece->to > piece->from ? piece->to - piece->from : piece->from - piece->to;
    bent = square / twice * slope;
    rest = square % twice * slope;
    if (piece->to > piece->from) {
        return flat + bent + rest / twice;
    }
    return flat - bent - (rest + twice - 1) / twice;
}

/* Position at the end, as piece_position() has it: of a length L the square and twice of it are
 * L^2 and 2 L, so nothing needs to be divided. A day has 1440 pieces. */
static curve_position piece_whole(const struct piece *piece)
{
    uint64_t length = (uint64_t)piece->length_ns;
    curve_position flat = (curve_position)piece->from * length;
    bool rises = piece->to > piece->from;
    uint64_t slope = rises ? piece->to - piece->from : piece->from - piece->to;
    curve_position bent = (curve_position)(length / 2) * slope;
    uint64_t rest = length % 2 == 0 ? 0 : slope;

    return rises ? flat + bent + rest / 2 : flat - bent - (rest + 1) / 2;
}

uint64_t curve_rate(struct rate rate)
{
    return (uint64_t)(((curve_position)rate.messages * CURVE_MESSAGE + rate.per_ns / 2) /
                      rate.per_ns);
}

curve_position curve_position_at(const struct load_curve *curve, int64_t x_ns)
{
    curve_position before = 0;

    for (uint32_t i = 0; i < curve->points_count && x_ns > curve->points[i].at_ns; i++) {
        struct piece piece = piece_of(curve, i);
        int64_t within_ns = x_ns - curve->points[i].at_ns;

        before +=
            within_ns < piece.length_ns ? piece_position(&piece, within_ns) : piece_whole(&piece);
    }
    return before;
}

/* The root of from x + slope x^2 / 2 = rest, in the form that does not cancel (Press et al.,
 * Numerical Recipes, 5.6). */
static int64_t guess_ns(const struct piece *piece, curve_position rest)
{
    double from = (double)piece->from;
    double slope = ((double)piece->to - from) / (double)piece->length_ns;
    double inside = from * from + 2.0 * slope * (double)rest;
    double below = from + sqrt(inside > 0.0 ? inside : 0.0);
    double x = below > 0.0 ? 2.0 * (double)rest / below : 0.0;

    return x < (double)piece->length_ns ? (int64_t)x : piece->length_ns;
}

/* First x with a position of at least rest, which lies within the piece. */
static int64_t solve(const struct piece *piece, curve_position rest)
{
    int64_t high = guess_ns(piece, rest);
    int64_t low = high;
    int64_t step = 1;

    /* Closing in: position(low) < rest <= position(high). */
    while (piece_position(piece, high) < rest) {
        low = high;
        high = high < piece->length_ns - step ? high + step : piece->length_ns;
        step *= 2;
    }
    while (low > 0 && piece_position(piece, low) >= rest) {
        high = low;
        low = low > step ? low - step : 0;
        step *= 2;
    }
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;

        if (piece_position(piece, middle) < rest) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

int64_t curve_time_ns(const struct load_curve *curve, struct curve_cursor *cursor,
                      curve_position position)
{
    for (;;) {
        struct piece piece = piece_of(curve, cursor->piece);
        int64_t start_ns = curve->points[cursor->piece].at_ns;
        curve_position whole = piece_position(&piece, piece.length_ns);

        if (position == 0 || position <= cursor->before) {
            return start_ns; /* It is due where the piece before ended. */
        }
        if (position - cursor->before <= whole) {
            return start_ns + solve(&piece, position - cursor->before);
        }
        if (cursor->piece + 1 == curve->points_count) {
            return CURVE_NEVER_NS;
        }
        cursor->before += whole;
        cursor->piece++;
    }
}

uint64_t curve_count_before(const struct load_curve *curve, int64_t x_ns)
{
    if (x_ns <= 0) {
        return 0;
    }
    /* Message j is due at the first x with position(x) >= j: those at x_ns - 1 or earlier. */
    return (uint64_t)(curve_position_at(curve, x_ns - 1) / CURVE_MESSAGE) + 1;
}

double curve_per_s(const struct load_curve *curve, int64_t x_ns)
{
    uint32_t last = 0;
    uint32_t end = curve->points_count;

    while (end - last > 1) {
        uint32_t middle = last + (end - last) / 2;

        if (curve->points[middle].at_ns > x_ns) {
            end = middle;
        } else {
            last = middle;
        }
    }
    struct piece piece = piece_of(curve, last);
    double share = (double)(x_ns - curve->points[last].at_ns) / (double)piece.length_ns;

    return ((double)piece.from + share * ((double)piece.to - (double)piece.from)) / 1e6;
}
