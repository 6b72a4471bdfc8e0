/*
 * The weights of the sentence embedding.
 *
 * One walk over the graph matches each tensor by the end of its name against a table of slots. A
 * matrix comes as three tensors: its cells, its scale and its zero point.
 */
#include "encoder/weights.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "encoder/wire.h"

const size_t weights_order[WEIGHTS_BRANCHES] = {2, 3, 5};
const size_t weights_left[WEIGHTS_BRANCHES] = {0, 1, 2};

/* Fields and types of ONNX. */
enum {
    MODEL_GRAPH = 7,
    GRAPH_NODE = 1,
    GRAPH_TENSOR = 5,
    NODE_ATTRIBUTE = 5,
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_BYTES = 4,
    TENSOR_DIMENSION = 1,
    TENSOR_TYPE = 2,
    TENSOR_FLOATS = 4,
    TENSOR_INTEGERS = 5,
    TENSOR_NAME = 8,
    TENSOR_RAW = 9,
    TYPE_FLOAT = 1,
    TYPE_U8 = 2,
    TYPE_I8 = 3
};

/* The largest sum of a column's magnitudes: times the largest int16 it stays below 2^31. */
enum { LARGEST_COLUMN = 65000 };

struct tensor {
    const unsigned char *name, *raw;
    size_t name_length, raw_length;
    uint64_t dimensions[2];
    size_t dimension_count;
    uint64_t type;
    struct wire floats, integers; /* lists of numbers; empty where there is none */
};

enum slot_kind { SLOT_TABLE, SLOT_MATRIX, SLOT_VECTOR };

/* Where a tensor of that name belongs. */
struct slot {
    const char *name; /* how it ends, without what quantisation puts after it */
    enum slot_kind kind;
    size_t place; /* in struct weights */
    size_t rows, columns;
};

#define PART(index, suffix)                                                                        \
    {                                                                                              \
        "input/_" suffix ":0", SLOT_TABLE, offsetof(struct weights, parts[index]),                 \
            WEIGHTS_PART_ROWS, WEIGHTS_WORD                                                        \
    }
#define MATRIX(name, member, rows, columns)                                                        \
    {                                                                                              \
        name, SLOT_MATRIX, offsetof(struct weights, member), rows, columns                         \
    }
#define VECTOR(name, member, count)                                                                \
    {                                                                                              \
        name, SLOT_VECTOR, offsetof(struct weights, member), 1, count                              \
    }
#define BRANCH(index, order, inputs)                                                               \
    MATRIX("ngram_order_" order "/input_size_projection/dense/kernel:0", branches[index].project,  \
           WEIGHTS_WORD, WEIGHTS_BRANCH),                                                          \
        MATRIX("/Ngram-" order "-Conv/weights:0", branches[index].first, inputs, WEIGHTS_BRANCH),  \
        MATRIX("/Ngram-" order "-Conv_1/weights:0", branches[index].second, inputs,                \
               WEIGHTS_BRANCH),                                                                    \
        VECTOR("ngram_order_" order "/input_size_projection/dense/bias:0",                         \
               branches[index].project_bias, WEIGHTS_BRANCH),                                      \
        VECTOR("ngram_order_" order "/LayerNorm/gamma:0", branches[index].gamma, WEIGHTS_BRANCH),  \
        VECTOR("ngram_order_" order "/LayerNorm/beta:0", branches[index].beta, WEIGHTS_BRANCH),    \
        VECTOR("/Ngram-" order "-Conv/bias:0", branches[index].first_bias, WEIGHTS_BRANCH),        \
        VECTOR("/Ngram-" order "-Conv_1/bias:0", branches[index].second_bias, WEIGHTS_BRANCH)

static const struct slot slots[] = {
    PART(0, "1"),
    PART(1, "2"),
    PART(2, "3"),
    PART(3, "4"),
    PART(4, "5"),
    PART(5, "6"),
    PART(6, "7"),
    PART(7, "8"),
    PART(8, "9"),
    PART(9, "10"),
    PART(10, "11"),
    PART(11, "12"),
    PART(12, "13"),
    PART(13, "14"),
    PART(14, "15"),
    PART(15, "16"),
    PART(16, "17"),
    BRANCH(0, "2", 512),
    BRANCH(1, "3", 768),
    BRANCH(2, "5", 1280),
    MATRIX("CNN_layers/dense/kernel:0", out, WEIGHTS_WIDE, WEIGHTS_OUT),
    VECTOR("CNN_layers/dense/bias:0", out_bias, WEIGHTS_OUT),
    VECTOR("CNN_layers/LayerNorm/gamma:0", gamma, WEIGHTS_WIDE),
    VECTOR("CNN_layers/LayerNorm/beta:0", beta, WEIGHTS_WIDE),
    MATRIX("ResidualHidden_0/dense/kernel:0", dense[0], WEIGHTS_OUT, WEIGHTS_HIDDEN),
    MATRIX("ResidualHidden_1/dense/kernel:0", dense[1], WEIGHTS_HIDDEN, WEIGHTS_HIDDEN),
    MATRIX("ResidualHidden_2/dense/kernel:0", dense[2], WEIGHTS_HIDDEN, WEIGHTS_OUT),
    MATRIX("ResidualHidden_3/dense/kernel:0", dense[3], WEIGHTS_OUT, WEIGHTS_OUT),
    MATRIX("ResidualHidden_1/AdjustDepth/projection/kernel:0", adjust[0], WEIGHTS_OUT,
           WEIGHTS_HIDDEN),
    MATRIX("ResidualHidden_3/AdjustDepth/projection/kernel:0", adjust[1], WEIGHTS_HIDDEN,
           WEIGHTS_OUT),
};

enum { SLOTS = sizeof slots / sizeof slots[0] };

/* The tensors of a slot so far. */
enum { GOT_CELLS = 1, GOT_SCALE = 2, GOT_ZERO = 4, GOT_ALL = 7 };

struct reading {
    struct weights weights;
    unsigned got[SLOTS];
};

/* ---- Tensors -------------------------------------------------------------------------------- */

static bool read_dimension(const struct wire_field *field, struct tensor *tensor)
{
    struct wire packed = wire_within(field);
    uint64_t value = field->value;
    bool more = field->kind == WIRE_NUMBER || wire_number(&packed, &value);
    while (more) {
        if (tensor->dimension_count == 2)
            return false;
        tensor->dimensions[tensor->dimension_count++] = value;
        more = field->kind != WIRE_NUMBER && wire_number(&packed, &value);
    }
    return !packed.broken;
}

static bool read_tensor(struct wire wire, struct tensor *out)
{
    struct wire_field field;
    *out = (struct tensor){.type = 0};
    while (wire_next(&wire, &field)) {
        switch (field.number) {
        case TENSOR_DIMENSION:
            if (!read_dimension(&field, out))
                return false;
            break;
        case TENSOR_TYPE:
            out->type = field.value;
            break;
        case TENSOR_FLOATS:
            out->floats = wire_within(&field);
            break;
        case TENSOR_INTEGERS:
            if (field.kind != WIRE_BYTES)
                return false;
            out->integers = wire_within(&field);
            break;
        case TENSOR_NAME:
            out->name = field.bytes;
            out->name_length = field.length;
            break;
        case TENSOR_RAW:
            out->raw = field.bytes;
            out->raw_length = field.length;
            break;
        }
    }
    return !wire.broken && out->name;
}

/* Whether the tensor's name ends in the slot's name with the suffix after it. */
static bool is_named(const struct tensor *tensor, const char *name, const char *suffix)
{
    size_t length = strlen(name), after = strlen(suffix);
    return tensor->name_length >= length + after &&
           memcmp(tensor->name + tensor->name_length - after, suffix, after) == 0 &&
           memcmp(tensor->name + tensor->name_length - after - length, name, length) == 0;
}

static bool has_shape(const struct tensor *tensor, size_t rows, size_t columns)
{
    if (tensor->dimension_count == 1)
        return rows == 1 && tensor->dimensions[0] == columns;
    return tensor->dimension_count == 2 && tensor->dimensions[0] == rows &&
           tensor->dimensions[1] == columns;
}

/* ---- Slots ---------------------------------------------------------------------------------- */

static bool columns_are_bounded(const int8_t *cells, size_t rows, size_t columns)
{
    for (size_t column = 0; column < columns; column++) {
        int sum = 0;
        for (size_t row = 0; row < rows; row++) {
            int cell = cells[row * columns + column];
            sum += cell < 0 ? -cell : cell;
        }
        if (sum > LARGEST_COLUMN)
            return false;
    }
    return true;
}

static bool put_cells(const struct slot *slot, const struct tensor *tensor, void *place)
{
    uint64_t type = slot->kind == SLOT_TABLE ? TYPE_U8 : TYPE_I8;
    if (tensor->type != type || !has_shape(tensor, slot->rows, slot->columns) ||
        tensor->raw_length != slot->rows * slot->columns)
        return false;
    if (slot->kind == SLOT_TABLE) {
        ((struct weights_part *)place)->rows = tensor->raw;
        return true;
    }
    struct weights_matrix *matrix = place;
    matrix->cells = (const int8_t *)tensor->raw;
    matrix->inputs = slot->rows;
    matrix->outputs = slot->columns;
    return columns_are_bounded(matrix->cells, slot->rows, slot->columns);
}

static bool is_scale(float value)
{
    return isfinite(value) && value > 0 && value < 1000;
}

static bool put_scale(const struct slot *slot, const struct tensor *tensor, void *place)
{
    if (tensor->floats.left != 4)
        return false;
    float scale = wire_float(tensor->floats.at);
    if (slot->kind == SLOT_TABLE)
        ((struct weights_part *)place)->scale = scale;
    else
        ((struct weights_matrix *)place)->scale = scale;
    return is_scale(scale);
}

static bool put_zero(const struct slot *slot, const struct tensor *tensor, void *place)
{
    struct wire integers = tensor->integers;
    uint64_t value = 0;
    /* A zero may be left out. */
    if (integers.left && !wire_number(&integers, &value))
        return false;
    if (slot->kind == SLOT_TABLE)
        ((struct weights_part *)place)->zero = (int)(value & 255);
    return value <= (slot->kind == SLOT_TABLE ? 255 : 0);
}

static bool put_vector(const struct slot *slot, const struct tensor *tensor, void *place)
{
    float *values = place;
    if (tensor->type != TYPE_FLOAT || !has_shape(tensor, slot->rows, slot->columns) ||
        tensor->raw_length != slot->columns * sizeof *values)
        return false;
    for (size_t i = 0; i < slot->columns; i++) {
        values[i] = wire_float(tensor->raw + i * sizeof *values);
        if (!isfinite(values[i]) || fabsf(values[i]) > 1e6f)
            return false;
    }
    return true;
}

/* False where the tensor belongs to the slot and is not valid. */
static bool fill_slot(struct reading *reading, size_t index, const struct tensor *tensor)
{
    const struct slot *slot = &slots[index];
    void *place = (char *)&reading->weights + slot->place;
    unsigned *got = &reading->got[index];
    if (slot->kind == SLOT_VECTOR) {
        if (!is_named(tensor, slot->name, ""))
            return true;
        *got = GOT_ALL;
        return put_vector(slot, tensor, place);
    }
    if (is_named(tensor, slot->name, "_quantized")) {
        *got |= GOT_CELLS;
        return put_cells(slot, tensor, place);
    }
    if (is_named(tensor, slot->name, "_scale")) {
        *got |= GOT_SCALE;
        return put_scale(slot, tensor, place);
    }
    if (is_named(tensor, slot->name, "_zero_point")) {
        *got |= GOT_ZERO;
        return put_zero(slot, tensor, place);
    }
    return true;
}

/* ---- The graph ------------------------------------------------------------------------------ */

static int broken(struct treadle_error *error, const char *what)
{
    return error_set(error, TREADLE_EPARSE, "The file of weights cannot be used: %s.", what);
}

static int take_tensor(struct reading *reading, const struct wire_field *field,
                       struct treadle_error *error)
{
    struct tensor tensor;
    if (!read_tensor(wire_within(field), &tensor))
        return broken(error, "a tensor is broken");
    for (size_t i = 0; i < SLOTS; i++)
        if (!fill_slot(reading, i, &tensor))
            return broken(error, slots[i].name);
    return 0;
}

static void take_attribute(struct reading *reading, struct wire wire)
{
    struct wire_field field, name = {.number = 0}, bytes = {.number = 0};
    while (wire_next(&wire, &field)) {
        if (field.number == ATTRIBUTE_NAME)
            name = field;
        else if (field.number == ATTRIBUTE_BYTES)
            bytes = field;
    }
    static const char model[] = "model";
    if (name.length == strlen(model) && memcmp(name.bytes, model, name.length) == 0 &&
        !reading->weights.pieces) {
        reading->weights.pieces = bytes.bytes;
        reading->weights.pieces_length = bytes.length;
    }
}

static void take_node(struct reading *reading, struct wire wire)
{
    struct wire_field field;
    while (wire_next(&wire, &field))
        if (field.number == NODE_ATTRIBUTE && field.kind == WIRE_BYTES)
            take_attribute(reading, wire_within(&field));
}

static int take_graph(struct reading *reading, struct wire wire, struct treadle_error *error)
{
    struct wire_field field;
    int rc = 0;
    while (!rc && wire_next(&wire, &field)) {
        if (field.kind != WIRE_BYTES)
            continue;
        if (field.number == GRAPH_TENSOR)
            rc = take_tensor(reading, &field, error);
        else if (field.number == GRAPH_NODE)
            take_node(reading, wire_within(&field));
    }
    return !rc && wire.broken ? broken(error, "it is cut off") : rc;
}

static int check_complete(const struct reading *reading, struct treadle_error *error)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (reading->got[i] != GOT_ALL)
            return broken(error, slots[i].name);
    return reading->weights.pieces ? 0 : broken(error, "it has no tokenizer");
}

int weights_read(const unsigned char *bytes, size_t length, struct weights *out,
                 struct treadle_error *error)
{
    struct reading reading = {.got = {0}};
    struct wire wire = {.at = bytes, .left = length};
    struct wire_field field;
    int rc = 0;
    while (!rc && wire_next(&wire, &field))
        if (field.number == MODEL_GRAPH && field.kind == WIRE_BYTES)
            rc = take_graph(&reading, wire_within(&field), error);
    if (!rc && wire.broken)
        rc = broken(error, "it is cut off");
    if (!rc)
        rc = check_complete(&reading, error);
    if (!rc)
        *out = reading.weights;
    return rc;
}
