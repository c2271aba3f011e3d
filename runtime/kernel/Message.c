#include "runtime/kernel/Support.h"

static attn_text attn_text_of(attn_error *error) {
  attn_text text = {NULL, 0, 0};
  if (error) {
    text.characters = error->message;
    text.capacity = sizeof(error->message);
    error->message[0] = 0;
  }
  return text;
}

/* Cuts before the last 3 characters of the buffer without splitting a UTF-8 sequence. */
static void attn_cut(attn_text *text) {
  size_t end = text->capacity - 4;
  while (end > 0 && ((unsigned char)text->characters[end] & 0xC0) == 0x80)
    --end;
  memcpy(text->characters + end, "...", 4);
}

static void attn_append(attn_text *text, const char *string) {
  if (text->capacity == 0 || !string)
    return;
  for (; *string; ++string) {
    if (text->length + 1 >= text->capacity) {
      attn_cut(text);
      return;
    }
    unsigned char character = (unsigned char)*string;
    text->characters[text->length++] = character < 0x20 || character == 0x7F ? ' ' : (char)character;
  }
  text->characters[text->length] = 0;
}

static void attn_append_integer(attn_text *text, int64_t value) {
  char digits[24];
  char *cursor = digits + sizeof(digits) - 1;
  uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  *cursor = 0;
  do
    *--cursor = (char)('0' + magnitude % 10);
  while (magnitude /= 10);
  if (value < 0)
    *--cursor = '-';
  attn_append(text, cursor);
}

static void attn_append_element(attn_text *text, int32_t element) {
  switch (element) {
  case ATTN_F16:
    attn_append(text, "f16");
    break;
  case ATTN_BF16:
    attn_append(text, "bf16");
    break;
  case ATTN_F32:
    attn_append(text, "f32");
    break;
  case ATTN_I8:
    attn_append(text, "i8");
    break;
  case ATTN_U8:
    attn_append(text, "u8");
    break;
  case ATTN_I32:
    attn_append(text, "i32");
    break;
  case ATTN_I64:
    attn_append(text, "i64");
    break;
  default:
    attn_append(text, "bool");
    break;
  }
}

static int64_t attn_element_size(int32_t element) {
  switch (element) {
  case ATTN_F16:
  case ATTN_BF16:
    return 2;
  case ATTN_F32:
  case ATTN_I32:
    return 4;
  case ATTN_I64:
    return 8;
  default:
    return 1;
  }
}

static void attn_append_dtype(attn_text *text, DLDataType dtype) {
  switch (dtype.code) {
  case 0:
    attn_append(text, "i");
    break;
  case 1:
    attn_append(text, "u");
    break;
  case 2:
    attn_append(text, "f");
    break;
  case 4:
    attn_append(text, "bf");
    break;
  case 5:
    attn_append(text, "complex");
    break;
  case 6:
    attn_append(text, "bool");
    break;
  default:
    attn_append(text, "(DLPack type code ");
    attn_append_integer(text, dtype.code);
    attn_append(text, ", bits ");
  }
  if (dtype.code != 6 || dtype.bits != 8)
    attn_append_integer(text, dtype.bits);
  if (dtype.code == 3 || dtype.code > 6)
    attn_append(text, ")");
  if (dtype.lanes != 1) {
    attn_append(text, "x");
    attn_append_integer(text, dtype.lanes);
  }
}

static void attn_append_list(attn_text *text, const int64_t *values, int32_t count) {
  attn_append(text, "[");
  for (int32_t n = 0; n < count; ++n) {
    if (n)
      attn_append(text, ", ");
    if (n == ATTN_MAX_RANK) {
      attn_append(text, "...");
      break;
    }
    attn_append_integer(text, values[n]);
  }
  attn_append(text, "]");
}
