# Writes a header with a hash of what the device runs and of what hands it over: SOURCES, a list of files, to HEADER.
set(hashes)
foreach(source ${SOURCES})
  file(SHA256 ${source} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 version "${hashes}")
string(SUBSTRING ${version} 0 16 version)
file(WRITE ${HEADER} "#pragma once\n\ninline constexpr const char* kKernelsVersion = \"${version}\";\n")
