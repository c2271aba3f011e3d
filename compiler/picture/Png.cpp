#include "compiler/picture/Canvas.h"

#include <png.h>

using namespace attn::picture;

std::string attn::picture::pngBytes(const Pixels &pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = png_uint_32(pixels.width);
  image.height = png_uint_32(pixels.height);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.bytes.data(), 0, nullptr))
    return "";
  bytes.resize(size);
  return bytes;
}
