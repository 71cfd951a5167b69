/* Figures about numbers: reading arrays of numbers, writing nested results, and content that is no JSON. */
#include <math.h>
#include <stdlib.h>
#include <tandem.h>

#define NUMBERS "\"numbers\":{\"type\":\"array\",\"items\":{\"type\":\"number\"},\"minItems\":1,\"maxItems\":100000,\"description\":\"The numbers.\"}"

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The numbers, sorted. */
static double *sorted(tandem_call *call, size_t *count) {
    tandem_value list = tandem_get(tandem_arguments(call), "numbers"), item = {0};
    *count = 0;
    while (tandem_next(list, &item)) ++*count;
    double *numbers = tandem_alloc(call, (*count + 1) * sizeof *numbers);
    size_t i = 0;
    for (item = (tandem_value){0}; tandem_next(list, &item);) numbers[i++] = tandem_number(item, 0);
    qsort(numbers, *count, sizeof *numbers, ascending);
    return numbers;
}

static bool describe(tandem_call *call) {
    size_t count;
    double *numbers = sorted(call, &count), sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) sum += numbers[i];
    double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) squares += (numbers[i] - mean) * (numbers[i] - mean);
    tandem_put_object(call);
    tandem_put_key(call, "count");
    tandem_put_integer(call, (int64_t)count);
    tandem_put_key(call, "mean");
    tandem_put_number(call, mean);
    tandem_put_key(call, "deviation");
    tandem_put_number(call, sqrt(squares / (double)count));
    tandem_put_key(call, "range");
    tandem_put_array(call);
    tandem_put_number(call, numbers[0]);
    tandem_put_number(call, numbers[count - 1]);
    return true;
}

static bool histogram(tandem_call *call) {
    size_t count, at = 0;
    double *numbers = sorted(call, &count);
    int64_t bins = tandem_integer(tandem_get(tandem_arguments(call), "bins"), 5);
    double width = (numbers[count - 1] - numbers[0]) / (double)bins;
    if (!(width > 0)) return tandem_fail(call, TANDEM_INVALID_ARGUMENTS, "all numbers are %g: there is nothing to compare", numbers[0]);
    for (int64_t bin = 0; bin < bins; bin++) {
        double from = numbers[0] + width * (double)bin, to = from + width;
        size_t begin = at;
        while (at < count && (numbers[at] < to || bin == bins - 1)) at++;
        char bar[41];
        size_t length = (at - begin) * 40 / count;
        for (size_t i = 0; i < length; i++) bar[i] = '#';
        bar[length] = 0;
        tandem_say(call, tandem_format(call, "%8.3g to %8.3g %6zu %s", from, to, at - begin, bar));
    }
    return true;
}

static const tandem_tool TOOLS[] = {
    {
        .name = "stats_describe",
        .description = "Tells count, mean, standard deviation and range of numbers.",
        .read_only = true,
        .idempotent = true,
        .input = "{\"type\":\"object\",\"properties\":{" NUMBERS "},\"required\":[\"numbers\"]}",
        .output = "{\"type\":\"object\",\"properties\":{"
                  "\"count\":{\"type\":\"integer\",\"description\":\"How many there are.\"},"
                  "\"mean\":{\"type\":\"number\",\"description\":\"Their mean.\"},"
                  "\"deviation\":{\"type\":\"number\",\"description\":\"Their standard deviation, as of a whole population.\"},"
                  "\"range\":{\"type\":\"array\",\"items\":{\"type\":\"number\"},\"description\":\"The least and the greatest.\"}},"
                  "\"required\":[\"count\",\"mean\",\"deviation\",\"range\"]}",
        .run = describe,
        .task = TANDEM_TASK_OPTIONAL,
    },
    {
        .name = "stats_histogram",
        .description = "Draws a histogram of numbers, a line for each bin.",
        .read_only = true,
        .idempotent = true,
        .input = "{\"type\":\"object\",\"properties\":{" NUMBERS ","
                 "\"bins\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":50,\"default\":5,\"description\":\"How many bins.\"}},"
                 "\"required\":[\"numbers\"]}",
        .run = histogram,
    },
};

const tandem_plugin_t tandem_plugin = {.tools = TANDEM_LIST(TOOLS)};
