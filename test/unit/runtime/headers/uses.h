/* A program's use of the public types, after whatever includes came before. */
int usesEverything(void);
int usesEverything(void) {
  DLTensor tensor;
  DLManagedTensor managed;
  attn_context context = {0, 0, 0, 0, 0};
  attn_error error;
  int64_t shape[1] = {1};
  float value = 0;
  tensor.data = &value;
  tensor.device.device_type = kDLCPU;
  tensor.device.device_id = 0;
  tensor.ndim = 1;
  tensor.dtype.code = kDLBool;
  tensor.dtype.bits = 8;
  tensor.dtype.lanes = 1;
  tensor.shape = shape;
  tensor.strides = 0;
  tensor.byte_offset = 0;
  managed.dl_tensor = tensor;
  error.status = ATTN_OK;
  context = attn_executor_context(attn_executor_create(1));
  return managed.dl_tensor.ndim + error.status + (context.parallel_for != 0);
}
typedef char tensorIsDlpacks[sizeof(DLTensor) == 48 && sizeof(DLDataType) == 4 && sizeof(DLDevice) == 8 ? 1 : -1];
