// ThreadSanitizer asks for this before main(). Debian's BoringSSL is built without it, so it does
// not see the atomic counts of references by which the library's threads agree.

#ifdef __SANITIZE_THREAD__
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libcrypto.so\ncalled_from_lib:libssl.so\n";
}
#endif
