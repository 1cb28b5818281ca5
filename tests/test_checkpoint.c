/* test_checkpoint.c: tensors to a safetensors file and back, and every malformed file refused. */
#include "suite.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"

static char path[64];

/* A new temporary file; remove it with unlink(path). */
static void new_path(void)
{
    strcpy(path, "/tmp/test_checkpoint_XXXXXX");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
}

static void write_bytes(const void *bytes, size_t size)
{
    FILE *out = fopen(path, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(fwrite(bytes, 1, size, out), size);
    fclose(out);
}

static size_t read_bytes(unsigned char *bytes, size_t room)
{
    FILE *in = fopen(path, "rb");
    size_t size = fread(bytes, 1, room, in);
    fclose(in);
    return size;
}

/* The bytes of a file with this header and data. */
static size_t compose(unsigned char *to, const char *header, const void *data, size_t size)
{
    size_t length = strlen(header);
    for (int i = 0; i < 8; i++) to[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(to + 8, header, length);
    memcpy(to + 8 + length, data, size);
    return 8 + length + size;
}

static void write_file(const char *header, const void *data, size_t size)
{
    static unsigned char bytes[8192];
    write_bytes(bytes, compose(bytes, header, data, size));
}

static Tensor tensor(const char *name, int dims, Matrix m)
{
    Tensor t = {.dims = dims, .m = m};
    strcpy(t.name, name);
    return t;
}

/* The file is refused with this sentence after its name, and the tensors keep what they held. */
static void refused(Tensor *tensors, int count, const char *sentence)
{
    Error err = {""};
    cJSON *metadata = (cJSON *)&err; /* anything but NULL */
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < tensors[i].m.rows * tensors[i].m.cols; k++)
            tensors[i].m.data[k] = (real)(100 * i + k);
    }
    ck_assert(!checkpoint_load(path, tensors, count, &metadata, &err));
    ck_assert_ptr_null(metadata);
    ck_assert_int_eq(strncmp(err.text, path, strlen(path)), 0);
    if (sentence) ck_assert_str_eq(err.text + strlen(path), sentence);
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < tensors[i].m.rows * tensors[i].m.cols; k++)
            ck_assert(tensors[i].m.data[k] == (real)(100 * i + k));
    }
}

/* --- round trips ------------------------------------------------------------------------------ */

START_TEST(every_bit_survives_its_file)
{
    real a[6] = {1, (real)-0.0, (real)0.1, (real)1e-40, INFINITY, -INFINITY};
    real wide[5 * 7], b[3] = {(real)M_PI, NAN, 3};
    for (int i = 0; i < 5 * 7; i++) wide[i] = (real)sqrt(i);
    Matrix slice = {.rows = 5, .cols = 2, .stride = 7, .data = wide + 3};
    Tensor out[] = {tensor("h.0.attn.c_attn.weight", 2, mat(a, 2, 3)), tensor("slice", 2, slice),
                    tensor("bias", 1, mat(b, 1, 3))};
    real a2[6], b2[3], wide2[5 * 9];
    for (int i = 0; i < 5 * 9; i++) wide2[i] = -1;
    Matrix slice2 = {.rows = 5, .cols = 2, .stride = 9, .data = wide2 + 1};
    Tensor in[] = {tensor("bias", 1, mat(b2, 1, 3)), tensor("slice", 2, slice2),
                   tensor("h.0.attn.c_attn.weight", 2, mat(a2, 2, 3))};

    new_path();
    Error err = {""};
    ck_assert_msg(checkpoint_save(path, out, 3, NULL, &err), "%s", err.text);
    ck_assert_msg(checkpoint_load(path, in, 3, NULL, &err), "%s", err.text);
    ck_assert_mem_eq(a2, a, sizeof a);
    ck_assert_mem_eq(b2, b, sizeof b);
    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < 9; j++) /* only columns 1 and 2 belong to the view */
            ck_assert(wide2[9 * i + j] == (j == 1 || j == 2 ? wide[7 * i + 2 + j] : -1));
    }
    unlink(path);
}
END_TEST

START_TEST(a_file_has_the_bytes_written_by_hand)
{
    real x[3] = {1, -2, (real)0.5}, y[2] = {3, 4};
    Tensor out[] = {tensor("b", 1, mat(x, 1, 3)), tensor("a", 2, mat(y, 2, 1))};
    bool wide = sizeof(real) == 8;
    const char *header =
        wide ? "{\"__metadata__\":{\"format\":\"pt\"},"
               "\"b\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[0,24]},"
               "\"a\":{\"dtype\":\"F64\",\"shape\":[2,1],\"data_offsets\":[24,40]}} "
             : "{\"__metadata__\":{\"format\":\"pt\"},"
               "\"b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},"
               "\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[12,20]}} ";
    static const unsigned char f32[] = {0, 0,    0x80, 0x3f, 0,    0,    0, 0xc0, 0,    0,
                                        0, 0x3f, 0,    0,    0x40, 0x40, 0, 0,    0x80, 0x40};
    static const unsigned char f64[] = {0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0,    0xc0,
                                        0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0, 0, 0, 0, 0, 0, 0x08, 0x40,
                                        0, 0, 0, 0, 0, 0, 0x10, 0x40};
    unsigned char expected[512], found[512];
    size_t size = compose(expected, header, wide ? f64 : f32, wide ? sizeof f64 : sizeof f32);

    new_path();
    cJSON *metadata = cJSON_Parse("{\"format\": \"pt\"}");
    ck_assert(checkpoint_save(path, out, 2, metadata, NULL));
    ck_assert_int_eq(read_bytes(found, sizeof found), size);
    ck_assert_mem_eq(found, expected, size);
    cJSON_Delete(metadata);
    unlink(path);
}
END_TEST

START_TEST(numbers_begin_at_a_multiple_of_eight_whatever_the_names)
{
    real x[2] = {1, 2};
    unsigned char bytes[512];
    char name[32] = "";
    new_path();
    for (int i = 0; i < 17; i++) {
        strcat(name, "n");
        Tensor t = tensor(name, 1, mat(x, 1, 2));
        ck_assert(checkpoint_save(path, &t, 1, NULL, NULL));
        ck_assert_int_eq(read_bytes(bytes, sizeof bytes), 8 + bytes[0] + 2 * sizeof(real));
        ck_assert_int_eq(bytes[0] % 8, 0);
        ck_assert_int_ne(bytes[bytes[0]], ' '); /* the last eight of the header aren't all blank */
        ck_assert(checkpoint_load(path, &t, 1, NULL, NULL));
    }
    unlink(path);
}
END_TEST

START_TEST(metadata_survives_and_may_be_missing)
{
    cJSON *metadata = cJSON_Parse("{\"step\": \"12\", \"text\": \"\\\"天\\\"\\n\"}"), *read;
    real x[1] = {1};
    Tensor t = tensor("x", 1, mat(x, 1, 1));
    new_path();
    ck_assert(checkpoint_save(path, &t, 1, metadata, NULL));
    ck_assert(checkpoint_load(path, &t, 1, &read, NULL));
    ck_assert(cJSON_Compare(metadata, read, true));
    cJSON_Delete(metadata);
    cJSON_Delete(read);
    ck_assert(checkpoint_save(path, &t, 1, NULL, NULL));
    ck_assert(checkpoint_load(path, &t, 1, &read, NULL));
    ck_assert_ptr_null(read);
    unlink(path);
}
END_TEST

START_TEST(a_file_that_cant_be_written_or_opened_is_named)
{
    real x[1] = {1};
    Tensor t = tensor("x", 1, mat(x, 1, 1));
    Error err = {""};
    ck_assert(!checkpoint_save("/nonesuch/m.safetensors", &t, 1, NULL, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "/nonesuch/m.safetensors"));
    strcpy(path, "/nonesuch/m.safetensors");
    refused(&t, 1, " can't be opened: No such file or directory; check the path");
    strcpy(path, "/tmp");
    refused(&t, 1, " is not a regular file: give the path of a safetensors file");
}
END_TEST

START_TEST(a_file_of_no_tensors_is_a_file)
{
    Error err = {""};
    real x[1];
    Tensor in = tensor("x", 1, mat(x, 1, 1));
    new_path();
    ck_assert(checkpoint_save(path, NULL, 0, NULL, &err));
    ck_assert_msg(checkpoint_load(path, NULL, 0, NULL, &err), "%s", err.text);
    write_file("{}", "", 0);
    ck_assert_msg(checkpoint_load(path, NULL, 0, NULL, &err), "%s", err.text);
    refused(&in, 1, " has no tensor \"x\": it belongs to another kind of model");
    unlink(path);
}
END_TEST

START_TEST(tensors_that_make_no_sense_are_refused)
{
    real x[8] = {0};
    Tensor t = tensor("x", 3, mat(x, 2, 2)), twins[] = {tensor("x", 1, mat(x, 1, 2)), t};
    cJSON *numbers = cJSON_Parse("{\"step\": 12}"), *list = cJSON_Parse("[\"pt\"]");
    strcpy(path, "/nonesuch/m.safetensors");
    ck_assert_dies(checkpoint_save(path, &t, 1, NULL, NULL), "tensor x: 3 dims, 2 rows");
    t.dims = 1;
    ck_assert_dies(checkpoint_save(path, &t, 1, NULL, NULL), "tensor x: 1 dims, 2 rows");
    t.dims = 0, t.m.rows = 1;
    ck_assert_dies(checkpoint_save(path, &t, 1, NULL, NULL), "tensor x: 0 dims, 1 rows");
    t = tensor("", 2, mat(x, 2, 2));
    ck_assert_dies(checkpoint_save(path, &t, 1, NULL, NULL), "a tensor has no name");
    memset(t.name, 'n', sizeof t.name); /* no end */
    ck_assert_dies(checkpoint_save(path, &t, 1, NULL, NULL), "a tensor has no name");
    twins[1] = tensor("x", 2, mat(x, 2, 2));
    ck_assert_dies(checkpoint_save(path, twins, 2, NULL, NULL), "two tensors x");
    ck_assert_dies(checkpoint_save(path, twins, 1, numbers, NULL), "maps strings to strings");
    ck_assert_dies(checkpoint_save(path, twins, 1, list, NULL), "maps strings to strings");
    cJSON_Delete(numbers);
    cJSON_Delete(list);
}
END_TEST

/* --- what other programs write ---------------------------------------------------------------- */

START_TEST(f64_f32_f16_and_bf16_are_converted)
{
    static const char *header =
        "{\"half\":{\"dtype\":\"F16\",\"shape\":[7],\"data_offsets\":[36,50]},"
        "\"double\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[0,24]},"
        "\"brain\":{\"dtype\":\"BF16\",\"shape\":[1,3],\"data_offsets\":[50,56]},"
        "\"float\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[24,36]}}";
    static const unsigned char data[] = {
        /* 1/3 0x3fd5555555555555, -1e300 0xfe37e43c8800759c, -0 */
        0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xd5, 0x3f, 0x9c, 0x75, 0x00, 0x88, 0x3c, 0xe4, 0x37,
        0xfe, 0, 0, 0, 0, 0, 0, 0, 0x80,
        /* 1/3 0x3eaaaaab, -infinity, 2^-149 */
        0xab, 0xaa, 0xaa, 0x3e, 0, 0, 0x80, 0xff, 1, 0, 0, 0,
        /* -1.5, 65504, 2^-24, 1023 2^-24, infinity, NaN, -0 */
        0x00, 0xbe, 0xff, 0x7b, 1, 0, 0xff, 0x03, 0x00, 0x7c, 0x01, 0x7c, 0x00, 0x80,
        /* 3.140625 0x4049, -2^-126 0x8080, infinity */
        0x49, 0x40, 0x80, 0x80, 0x80, 0x7f};
    real d[3], f[3], h[7], b[3];
    Tensor in[] = {tensor("float", 2, mat(f, 3, 1)), tensor("double", 1, mat(d, 1, 3)),
                   tensor("brain", 2, mat(b, 1, 3)), tensor("half", 1, mat(h, 1, 7))};
    new_path();
    write_file(header, data, sizeof data);
    Error err = {""};
    ck_assert_msg(checkpoint_load(path, in, 4, NULL, &err), "%s", err.text);

    ck_assert(d[0] == (real)(1.0 / 3) && d[1] == (real)-1e300 && d[2] == 0 && signbit(d[2]));
    ck_assert(f[0] == (real)(1.0f / 3) && f[1] == -INFINITY && f[2] == (real)0x1p-149);
    ck_assert(h[0] == (real)-1.5 && h[1] == 65504 && h[2] == (real)0x1p-24);
    ck_assert(h[3] == (real)0x1.ff8p-15 && h[4] == INFINITY && isnan(h[5]) && signbit(h[6]));
    ck_assert(b[0] == (real)3.140625 && b[1] == (real)-0x1p-126 && b[2] == INFINITY);
    unlink(path);
}
END_TEST

static void check_name_behind_transformer(const char *name)
{
    char header[300];
    real x[1] = {0};
    Tensor in[] = {tensor(name, 1, mat(x, 1, 1))};
    snprintf(header, sizeof header,
             "{\"transformer.%s\":{\"data_offsets\":[0,4],\"shape\":[1],\"dtype\":\"F32\"}}", name);
    for (size_t i = strlen(header); i % 8 != 0; i++) strcat(header, " ");
    write_file(header, (const unsigned char[]){0, 0, 0x80, 0x3f}, 4);
    Error err = {""};
    ck_assert_msg(checkpoint_load(path, in, 1, NULL, &err), "%s", err.text);
    ck_assert(x[0] == 1);
}

START_TEST(a_name_may_have_transformer_before_it_and_other_tensors_are_left_alone)
{
    static const char *header =
        " {\"transformer.wte\":{\"data_offsets\":[5,13],\"shape\":[2],\"dtype\":\"F32\"},"
        "\"mask\":{\"dtype\":\"BOOL\",\"shape\":[1,1,1,5,1,1,1,1],\"data_offsets\":[0,5]},"
        "\"empty\":{\"dtype\":\"I64\",\"shape\":[3,0],\"data_offsets\":[13,13]},"
        "\"one\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[13,14]},"
        "\"wpe\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[14,18]},"
        "\"transformer.wpe\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[18,22]}}   ";
    static const unsigned char data[22] = {1,    1,    1, 1, 1, 0, 0,    0x80, 0x3f, 0, 0,
                                           0x80, 0x40, 9, 0, 0, 0, 0x41, 0,    0,    0, 0x42};
    real wte[2], wpe[1];
    Tensor in[] = {tensor("wte", 1, mat(wte, 1, 2)), tensor("wpe", 1, mat(wpe, 1, 1))};
    new_path();
    write_file(header + 1, data, sizeof data);
    Error err = {""};
    ck_assert_msg(checkpoint_load(path, in, 2, NULL, &err), "%s", err.text);
    ck_assert(wte[0] == 1 && wte[1] == 4 && wpe[0] == 8); /* the exact name goes first */
    char longest[96];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    check_name_behind_transformer(longest);
    write_file(header, data, sizeof data); /* a header begins with its brace */
    refused(in, 2,
            ": the header, from byte 8, is not a JSON object (near byte 8): the file is "
            "damaged or cut short; save it anew");
    unlink(path);
}
END_TEST

START_TEST(a_tensor_that_is_missing_or_of_another_shape_is_refused)
{
    real x[12] = {0}, y[15];
    Tensor out[] = {tensor("wte.weight", 2, mat(x, 3, 4)), tensor("ln_f.bias", 1, mat(x, 1, 4))};
    new_path();
    ck_assert(checkpoint_save(path, out, 2, NULL, NULL));

    Tensor in[] = {tensor("ln_f.bias", 1, mat(x, 1, 4)), tensor("wpe.weight", 2, mat(y, 3, 4))};
    refused(in, 2, " has no tensor \"wpe.weight\": it belongs to another kind of model");
    in[1] = tensor("wte.weight", 2, mat(y, 4, 3));
    refused(in, 2,
            ": tensor \"wte.weight\" has shape [3, 4] where [4, 3] is expected: the "
            "checkpoint belongs to a model of another size");
    for (int cols = 3; cols <= 5; cols += 2) { /* as many rows, of another length */
        char sentence[256];
        snprintf(sentence, sizeof sentence,
                 ": tensor \"wte.weight\" has shape [3, 4] where [3, %d] is expected: the "
                 "checkpoint belongs to a model of another size",
                 cols);
        in[1] = tensor("wte.weight", 2, mat(y, 3, cols));
        refused(in, 2, sentence);
    }
    in[1] = tensor("wte.weight", 1, mat(y, 1, 12));
    refused(in, 2,
            ": tensor \"wte.weight\" has shape [3, 4] where [12] is expected: the "
            "checkpoint belongs to a model of another size");
    in[1] = tensor("ln_f.bias", 2, mat(y, 1, 4));
    refused(in, 2,
            ": tensor \"ln_f.bias\" has shape [4] where [1, 4] is expected: the checkpoint "
            "belongs to a model of another size");
    unlink(path);
}
END_TEST

START_TEST(whole_numbers_are_not_taken_for_weights)
{
    real x[1];
    Tensor in = tensor("a", 1, mat(x, 1, 1));
    new_path();
    write_file("{\"a\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "abcd", 4);
    refused(&in, 1, ": tensor \"a\" has dtype I32: save it as F32, F64, F16 or BF16");
    write_file("{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", "abcdefgh", 8);
    refused(&in, 1, ": tensor \"a\" has dtype I64: save it as F32, F64, F16 or BF16");
    unlink(path);
}
END_TEST

/* --- malformed files -------------------------------------------------------------------------- */

#define DAMAGED "the file is damaged or cut short; save it anew"

START_TEST(a_malformed_header_is_refused_with_tensor_and_byte)
{
    /* each with 16 bytes of data; the numbers begin at byte 8 + strlen(header) */
    static const struct {
        const char *header, *sentence;
    } wrong[] = {
        {"[1, 2]", ": the header, from byte 8, is not a JSON object (near byte 8): " DAMAGED},
        {"{\"a\" 1}", ": the header, from byte 8, is not a JSON object (near byte 13): " DAMAGED},
        {"{} {}", ": the header, from byte 8, is not a JSON object (near byte 11): " DAMAGED},
        {"{\"a\xff\":1}",
         ": the header, from byte 8, is not a JSON object (near byte 8): " DAMAGED},
        {"{}", ": the last tensor ends at byte 10, but the file has 26 bytes: " DAMAGED},
        {"{\"a\":1}", ": tensor \"a\" needs a \"dtype\", a \"shape\" and \"data_offsets\", and "
                      "nothing else; " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"shape\":[4],\"data_offsets\":[0,16]}}",
         ": tensor \"a\" needs a \"dtype\", a \"shape\" and \"data_offsets\", and nothing "
         "else; " DAMAGED},
        {"{\"a\":{\"dtype\":\"F33\",\"shape\":[4],\"data_offsets\":[0,16]}}",
         ": tensor \"a\" has the unknown dtype \"F33\": save it as F32"},
        {"{\"a\":{\"dtype\":32,\"shape\":[4],\"data_offsets\":[0,16]}}",
         ": tensor \"a\" has the unknown dtype \"none\": save it as F32"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,16]}}",
         ": tensor \"a\" has no \"shape\" of at most 8 whole numbers; " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}}",
         ": tensor \"a\" has no \"shape\" of at most 8 whole numbers; " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4.5],\"data_offsets\":[0,16]}}",
         ": tensor \"a\" has no \"shape\" of at most 8 whole numbers; " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[\"4\"],\"data_offsets\":[0,16]}}",
         ": tensor \"a\" has no \"shape\" of at most 8 whole numbers; " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[9007199254740992],\"data_offsets\":[0,16]}}",
         ": tensor \"a\" has no \"shape\" of at most 8 whole numbers; " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4,1,1,1,1,1,1,1,1],\"data_offsets\":[0,16]}}",
         ": tensor \"a\" has no \"shape\" of at most 8 whole numbers; " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16]}}",
         ": tensor \"a\" has no \"data_offsets\" of two whole numbers; " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,1e400]}}",
         ": tensor \"a\" has no \"data_offsets\" of two whole numbers; " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":{\"x\":0,\"y\":16}}}",
         ": tensor \"a\" has no \"data_offsets\" of two whole numbers; " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,20]}}",
         ": tensor \"a\" would end at byte 83, but the file has 79 bytes: " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[12,8]}}",
         ": tensor \"a\" would end at byte 71, before it begins at byte 75: " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,16]}}",
         ": tensor \"a\" of shape [2, 3] and dtype F32 does not fill its 16 bytes from byte "
         "65: " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[0,16]}}",
         ": tensor \"a\" of shape [0, 3] and dtype F32 does not fill its 16 bytes from byte "
         "65: " DAMAGED},
        /* 2^32 * 2^32 * 4 is 0, and (2^62 + 4) 4 is 16, in 64 bits */
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}",
         ": tensor \"a\" of shape [4294967296, 4294967296] and dtype F32 does not fill its 0 bytes "
         "from byte 82: " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4,1125899906842625,4096],\"data_offsets\":[0,0]}}",
         NULL},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[4,16]}}",
         ": tensor \"b\" begins at byte 120 and not at byte 124, it overlaps another "
         "tensor: " DAMAGED},
        {"{\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
         ": tensor \"b\" begins at byte 124 and not at byte 120, it leaves a hole before "
         "it: " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[4,16]}}",
         ": tensor \"a\" begins at byte 67 and not at byte 63, it leaves a hole before "
         "it: " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}",
         ": the last tensor ends at byte 75, but the file has 79 bytes: " DAMAGED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}",
         NULL},
        {"{\"__metadata__\":{\"step\":1},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
         ": __metadata__ must be there at most once, and map strings to strings; " DAMAGED},
        {"{\"__metadata__\":{},\"__metadata__\":{},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
         ": __metadata__ must be there at most once, and map strings to strings; " DAMAGED},
    };
    real x[4];
    Tensor in = tensor("a", 1, mat(x, 1, 4));
    new_path();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_file(wrong[i].header, "0123456789abcdef", 16);
        refused(&in, 1, wrong[i].sentence);
    }
    unlink(path);
}
END_TEST

START_TEST(a_name_that_comes_twice_is_refused_with_both_places)
{
    const char *header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                         "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}";
    real x[2];
    Tensor in = tensor("a", 1, mat(x, 1, 2));
    Error err = {""};
    char one[64], two[64]; /* two equal names may be sorted either way */
    int data = 8 + (int)strlen(header);
    sprintf(one, "is there twice, at bytes %d and %d: ", data, data + 8);
    sprintf(two, "is there twice, at bytes %d and %d: ", data + 8, data);
    new_path();
    write_file(header, "0123456789abcdef", 16);
    ck_assert(!checkpoint_load(path, &in, 1, NULL, &err));
    ck_assert(strstr(err.text, one) || strstr(err.text, two));
    unlink(path);
}
END_TEST

START_TEST(a_header_longer_than_its_file_or_100_megabytes_is_refused_unread)
{
    static const unsigned char huge[24] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const unsigned char longer[24] = {17};
    static const unsigned char over[8] = {0x01, 0xe1, 0xf5, 0x05}; /* 100000001 */
    static const unsigned char most[8] = {0x00, 0xe1, 0xf5, 0x05}; /* 100000000 */
    static const unsigned char none[24] = {0};
    real x[1];
    Tensor in = tensor("a", 1, mat(x, 1, 1));
    new_path();
    write_bytes(huge, sizeof huge);
    refused(&in, 1,
            " is no safetensors file, or is cut short: bytes 0 to 7 give its header "
            "18446744073709551615 bytes, but 16 follow and 100000000 are allowed; save it "
            "anew");
    write_bytes(longer, sizeof longer);
    refused(&in, 1,
            " is no safetensors file, or is cut short: bytes 0 to 7 give its header 17 "
            "bytes, but 16 follow and 100000000 are allowed; save it anew");
    write_bytes(over, sizeof over);
    ck_assert_int_eq(truncate(path, 200000000), 0); /* sparse */
    refused(&in, 1,
            " is no safetensors file, or is cut short: bytes 0 to 7 give its header "
            "100000001 bytes, but 199999992 follow and 100000000 are allowed; save it "
            "anew");
    write_bytes(none, sizeof none);
    refused(&in, 1, ": the header, from byte 8, is not a JSON object (near byte 8): " DAMAGED);
    write_bytes(none, 8);
    refused(&in, 1, ": the header, from byte 8, is not a JSON object (near byte 8): " DAMAGED);
    write_bytes(most, sizeof most);
    ck_assert_int_eq(truncate(path, 100000008), 0); /* the longest header that is allowed */
    refused(&in, 1, ": the header, from byte 8, is not a JSON object (near byte 8): " DAMAGED);
    write_bytes(none, 7);
    refused(&in, 1,
            " is no safetensors file: it has 7 bytes, fewer than 8; give the path of a "
            "model.safetensors");
    unlink(path);
}
END_TEST

/* A file of two tensors; returns its size. */
static size_t good_file(unsigned char *bytes, size_t room)
{
    real x[6] = {1, 2, 3, 4, 5, 6}, y[5] = {7, 8, 9, 10, 11};
    Tensor out[] = {tensor("x", 2, mat(x, 2, 3)), tensor("y", 1, mat(y, 1, 5))};
    ck_assert(checkpoint_save(path, out, 2, NULL, NULL));
    return read_bytes(bytes, room);
}

START_TEST(a_file_cut_anywhere_is_refused_and_changes_nothing)
{
    unsigned char bytes[512];
    real x[6], y[5];
    Tensor in[] = {tensor("x", 2, mat(x, 2, 3)), tensor("y", 1, mat(y, 1, 5))};
    new_path();
    size_t size = good_file(bytes, sizeof bytes);
    for (size_t cut = 0; cut < size; cut++) {
        write_bytes(bytes, cut);
        refused(in, 2, NULL);
    }
    bytes[size] = 0;
    write_bytes(bytes, size + 1);
    refused(in, 2, NULL);
    write_bytes(bytes, size);
    ck_assert(checkpoint_load(path, in, 2, NULL, NULL));
    ck_assert(x[5] == 6 && y[0] == 7);
    unlink(path);
}
END_TEST

START_TEST(a_header_with_any_byte_changed_loads_whole_or_changes_nothing)
{
    unsigned char bytes[512], changed[512];
    real x[6], y[5];
    Tensor in[] = {tensor("x", 2, mat(x, 2, 3)), tensor("y", 1, mat(y, 1, 5))};
    static const unsigned char other[] = {0,   ' ', '0', '1', '9', '"',
                                          ',', '{', ']', 'e', '-', 0xff};
    new_path();
    size_t size = good_file(bytes, sizeof bytes), header = 8 + bytes[0];
    int loaded = 0;
    for (size_t at = 0; at < header; at++) {
        for (size_t k = 0; k < sizeof other; k++) {
            if (bytes[at] == other[k]) continue;
            memcpy(changed, bytes, size);
            changed[at] = other[k];
            write_bytes(changed, size);
            if (checkpoint_load(path, in, 2, NULL, NULL)) {
                ck_assert(x[0] == 1 && x[5] == 6 && y[0] == 7 && y[4] == 11);
                loaded++;
            } else {
                refused(in, 2, NULL);
            }
        }
    }
    ck_assert_int_lt(loaded, 40); /* a blank for the padding's, a name's letter is not */
    unlink(path);
}
END_TEST

RUN_TESTS("checkpoint",
          ((const TTest *const[]){
              every_bit_survives_its_file, a_file_has_the_bytes_written_by_hand,
              numbers_begin_at_a_multiple_of_eight_whatever_the_names,
              metadata_survives_and_may_be_missing, a_file_that_cant_be_written_or_opened_is_named,
              a_file_of_no_tensors_is_a_file, tensors_that_make_no_sense_are_refused,
              f64_f32_f16_and_bf16_are_converted,
              a_name_may_have_transformer_before_it_and_other_tensors_are_left_alone,
              a_tensor_that_is_missing_or_of_another_shape_is_refused,
              whole_numbers_are_not_taken_for_weights,
              a_malformed_header_is_refused_with_tensor_and_byte,
              a_name_that_comes_twice_is_refused_with_both_places,
              a_header_longer_than_its_file_or_100_megabytes_is_refused_unread,
              a_file_cut_anywhere_is_refused_and_changes_nothing,
              a_header_with_any_byte_changed_loads_whole_or_changes_nothing, NULL}))
