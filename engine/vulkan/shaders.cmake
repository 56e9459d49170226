# Compiles the shaders into headers that the sources of this folder include. Without Vulkan's headers or the shader
# compiler the engine is built without Vulkan, and absent.cpp says so to whoever asks.
find_program(FACET_GLSLANG glslangValidator)
find_path(FACET_VULKAN_HEADERS vulkan/vulkan_core.h)

set(vulkan_folder ${CMAKE_CURRENT_LIST_DIR})
# Those with blocks are one, of which kernels choose by specialization.
set(vulkan_formats F32 F16 BF16 BLOCKS)
set(vulkan_operations norm elementwise heads store attention branch_end round halve route sort combine top
    shift layer_norm pool unfold convolve local_attention)
set(vulkan_headers)

function(facet_compile_shader source name)
  set(header ${CMAKE_BINARY_DIR}/generated/engine/vulkan/spirv/${name}.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${FACET_GLSLANG} --quiet -V --target-env vulkan1.2 ${ARGN} --vn spirv_${name} -o ${header}
            ${vulkan_folder}/shaders/${source}.comp
    DEPENDS ${vulkan_folder}/shaders/${source}.comp ${vulkan_includes}
    COMMENT "Compiling shader ${name}"
    VERBATIM)
  list(APPEND vulkan_headers ${header})
  set(vulkan_headers ${vulkan_headers} PARENT_SCOPE)
endfunction()

if(FACET_GLSLANG AND FACET_VULKAN_HEADERS)
  file(GLOB vulkan_includes CONFIGURE_DEPENDS ${vulkan_folder}/shaders/*.glsl ${vulkan_folder}/shaders/*.h)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated/engine/vulkan/spirv)
  foreach(operation ${vulkan_operations})
    facet_compile_shader(${operation} ${operation})
  endforeach()
  foreach(format ${vulkan_formats})
    facet_compile_shader(product product_${format} -DFACET_FORMAT_${format})
    foreach(tile FLOATS CODES HALVES MATRICES)
      # Floats have no codes.
      if(NOT (tile STREQUAL CODES AND format MATCHES "^B?F"))
        facet_compile_shader(tile tile_${tile}_${format} -DFACET_TILE_${tile} -DFACET_FORMAT_${format})
      endif()
    endforeach()
  endforeach()
  # All of them in one header.
  set(all_shaders ${CMAKE_BINARY_DIR}/generated/engine/vulkan/spirv/all.h)
  string(REGEX REPLACE "[^;]*/([A-Za-z0-9_]+\\.h)(;|$)" "#include <spirv/\\1>\n" all_includes "${vulkan_headers}")
  file(CONFIGURE OUTPUT ${all_shaders} CONTENT "#pragma once\n#include <cstdint>\n${all_includes}")
  # What was tested on a device counts for these kernels and no others.
  set(version_header ${CMAKE_BINARY_DIR}/generated/engine/vulkan/spirv/kernels_version.h)
  file(GLOB version_sources CONFIGURE_DEPENDS ${vulkan_folder}/vulkan_*.cpp)
  list(PREPEND version_sources ${vulkan_headers} ${vulkan_folder}/commands.cpp ${vulkan_folder}/packing.cpp)
  add_custom_command(
    OUTPUT ${version_header}
    COMMAND ${CMAKE_COMMAND} "-DSOURCES=${version_sources}" -DHEADER=${version_header} -P
            ${vulkan_folder}/kernels_version.cmake
    DEPENDS ${version_sources} ${vulkan_folder}/kernels_version.cmake
    COMMENT "Hashing the shaders"
    VERBATIM)
  list(APPEND vulkan_headers ${version_header})
  list(REMOVE_ITEM engine_sources ${vulkan_folder}/absent.cpp)
  list(APPEND engine_sources ${vulkan_headers})
  set_source_files_properties(${vulkan_folder}/kernels.cpp ${vulkan_folder}/forms.cpp
                              PROPERTIES INCLUDE_DIRECTORIES ${CMAKE_BINARY_DIR}/generated/engine/vulkan)
else()
  message(STATUS "No Vulkan headers or no glslangValidator: Facet is built without Vulkan")
  list(FILTER engine_sources EXCLUDE REGEX "/engine/vulkan/")
  list(APPEND engine_sources ${vulkan_folder}/absent.cpp ${vulkan_folder}/devices.cpp)
endif()
