#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "engine/vulkan/device.h"

// What a driver made of the kernels, kept from one start to the next: compiling them takes some drivers seconds. One
// file for each device and driver, in the user's folder for caches. Nothing here can fail for the user: what can not be
// read is compiled again, and what can not be written is not kept.
namespace facet::engine::vulkan {

// "~/.cache/facet/vulkan-0011...eeff.pipelines", named by what the driver calls its own state; empty where the user has
// no such folder.
std::filesystem::path pipeline_cache_file(const Device& device);

// Empty when there is no such file, or it is damaged.
std::vector<std::byte> read_pipeline_cache(const std::filesystem::path& file);
void write_pipeline_cache(const std::filesystem::path& file, std::span<const std::byte> data);

}  // namespace facet::engine::vulkan
