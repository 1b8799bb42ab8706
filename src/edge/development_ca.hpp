// A certificate authority of one's own, for development and for a first start: made once in a data folder.
//
// `FOLDER/ca.pem` is what clients are given to trust; `ca-key.pem`, `server.pem` and `server-key.pem` beside it are
// kept with mode 0600. The server certificate names every host asked for, and localhost, 127.0.0.1 and ::1. The
// authority is kept while it is valid; the server certificate is made again when it has under a day left, names other
// hosts, or was signed by another authority.
// Threads: one at a time per folder. Errors: storage, when the folder cannot be written.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace reveille::edge {

struct CertificateFiles {
  std::filesystem::path ca = {};
  std::filesystem::path certificate = {};
  std::filesystem::path key = {};
};

[[nodiscard]] Result<CertificateFiles> ensure_development_certificate(std::filesystem::path const& folder,
                                                                      std::vector<std::string> const& hosts,
                                                                      Instant now);

}  // namespace reveille::edge
