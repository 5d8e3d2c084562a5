#include "store/governed.h"

#include <limits>

namespace remit::store {
namespace {

constexpr std::int64_t kRowsAtATime = 4096;

void put_number(Bytes& out, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::uint8_t>(number >> shift));
}

void put_piece(Bytes& out, char type, BytesView bytes) {
  out.push_back(static_cast<std::uint8_t>(type));
  put_number(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void put(Bytes& out, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    out.push_back('i');
    put_number(out, static_cast<std::uint64_t>(*integer));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    put_piece(out, 't', as_bytes(*text));
  } else if (const auto* blob = std::get_if<Bytes>(&value)) {
    put_piece(out, 'b', *blob);
  } else {
    out.push_back('n');
  }
}

void put(Bytes& out, sqlite3_value* value) {
  const auto bytes = [&](const void* data) {
    return BytesView(static_cast<const std::uint8_t*>(data),
                     static_cast<std::size_t>(sqlite3_value_bytes(value)));
  };
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      out.push_back('i');
      put_number(out, static_cast<std::uint64_t>(sqlite3_value_int64(value)));
      return;
    case SQLITE_NULL:
      out.push_back('n');
      return;
    case SQLITE_BLOB: {
      const auto* data = sqlite3_value_blob(value);
      return put_piece(out, 'b', bytes(data));
    }
    default: {
      const auto* data = sqlite3_value_text(value);
      return put_piece(out, 't', bytes(data));
    }
  }
}

Bytes begin_row(std::string_view table) {
  Bytes row;
  row.reserve(512);
  put_piece(row, 't', as_bytes(table));
  return row;
}

}  // namespace

Digest digest_of(const Sums& sums) {
  Bytes all;
  for (const auto& [table, sum] : sums) {
    put_piece(all, 't', as_bytes(table));
    const auto digest = sum.digest();
    all.insert(all.end(), digest.bytes.begin(), digest.bytes.end());
  }
  return sha256(all);
}

Result<std::optional<Sums>> stored_sums(Reader& reader) {
  ASSIGN_OR_RETURN(const auto there, reader.query("SELECT 1 FROM sqlite_master WHERE name = 'store_sum'"));
  if (there.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT name, sum FROM store_sum"));
  if (rows.empty()) return std::nullopt;
  Sums sums;
  for (const auto& row : rows) {
    auto sum = LatticeSum::of_bytes(row.blob(1));
    if (!sum) return fail(ErrorKind::kInternal, "RMT-S003", "the table store_sum has a sum that is none");
    sums.emplace(row.text(0), *sum);
  }
  return sums;
}

Result<Sums> counted_sums(Reader& reader, const Governs& governs) {
  Sums sums;
  ASSIGN_OR_RETURN(const auto tables, reader.query("SELECT name FROM sqlite_master WHERE type = 'table'"));
  for (const auto& one : tables) {
    const auto& table = one.text(0);
    if (!governs(table)) continue;
    LatticeSum sum;
    // Names of tables are ours, and identifiers.
    const std::string sql = "SELECT rowid, * FROM " + table + " WHERE rowid > ? ORDER BY rowid LIMIT ?";
    for (std::int64_t last = std::numeric_limits<std::int64_t>::min();;) {
      ASSIGN_OR_RETURN(const auto rows, reader.query(sql, {last, kRowsAtATime}));
      for (const auto& row : rows) {
        auto bytes = begin_row(table);
        for (std::size_t i = 1; i < row.size(); ++i) put(bytes, row.value(i));
        sum.add(bytes);
        last = row.integer(0);
      }
      if (std::ssize(rows) < kRowsAtATime) break;
    }
    sums.emplace(table, sum);
  }
  return sums;
}

std::vector<std::string> differing(const Sums& stored, const Sums& counted) {
  std::vector<std::string> tables;
  for (const auto& [table, sum] : counted)
    if (const auto kept = stored.find(table); kept == stored.end() || kept->second != sum)
      tables.push_back(table);
  for (const auto& [table, sum] : stored)
    if (!counted.contains(table)) tables.push_back(table);
  return tables;
}

namespace {

std::optional<std::string> first_text(const std::vector<Row>& rows) {
  if (rows.empty()) return std::nullopt;
  return rows.front().text(0);
}

}  // namespace

Result<void> set_digest_before(Transaction& tx, const Digest& digest) {
  TRY(tx.execute("INSERT OR REPLACE INTO store_sum_before (id, digest) VALUES (1, ?)", {digest.hex()}));
  return {};
}

Result<std::optional<std::string>> digest_before(Reader& reader) {
  ASSIGN_OR_RETURN(const auto there,
                   reader.query("SELECT 1 FROM sqlite_master WHERE name = 'store_sum_before'"));
  if (there.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT digest FROM store_sum_before"));
  return first_text(rows);
}

Result<std::optional<std::string>> take_digest_before(Transaction& tx) {
  ASSIGN_OR_RETURN(const auto rows, tx.query("DELETE FROM store_sum_before RETURNING digest"));
  return first_text(rows);
}

Result<void> check_governed(Reader& reader, const Governs& governs) {
  ASSIGN_OR_RETURN(const auto stored, stored_sums(reader));
  if (!stored) return fail(ErrorKind::kConflict, "RMT-S011", "no digest of what is governed is kept");
  ASSIGN_OR_RETURN(const auto counted, counted_sums(reader, governs));
  std::string tables;
  for (const auto& table : differing(*stored, counted))
    tables += (tables.empty() ? "`" : ", `") + table + "`";
  if (tables.empty()) return {};
  return fail(ErrorKind::kConflict, "RMT-S011",
              "rows were changed, added or removed by another program: " + tables);
}

GovernedSums::GovernedSums(sqlite3* handle, const Governs& governs) : handle_(handle), governs_(governs) {
  sqlite3_preupdate_hook(handle_, &GovernedSums::on_change, this);
}

GovernedSums::~GovernedSums() { sqlite3_preupdate_hook(handle_, nullptr, nullptr); }

bool GovernedSums::is_governed(std::string_view table) {
  auto found = known_.find(table);
  if (found == known_.end()) found = known_.emplace(table, governs_(table)).first;
  return found->second;
}

void GovernedSums::on_change(void* self, sqlite3* handle, int operation, const char*, const char* table,
                             sqlite3_int64, sqlite3_int64) {
  auto& sums = *static_cast<GovernedSums*>(self);
  if (!sums.is_governed(table)) return;
  const auto row = [&](int (*get)(sqlite3*, int, sqlite3_value**)) {
    auto bytes = begin_row(table);
    for (int i = 0; i < sqlite3_preupdate_count(handle); ++i) {
      sqlite3_value* value = nullptr;
      // Where a value cannot be had the row counts as another one: found at the next check, never passed
      // over.
      if (get(handle, i, &value) == SQLITE_OK && value != nullptr)
        put(bytes, value);
      else
        bytes.push_back('?');
    }
    return bytes;
  };
  auto& sum = sums.pending_[table];
  if (operation != SQLITE_INSERT) sum.remove(row(sqlite3_preupdate_old));
  if (operation != SQLITE_DELETE) sum.add(row(sqlite3_preupdate_new));
  sums.changed_since_digest_ = true;
}

Digest GovernedSums::digest() {
  auto all = sums_;
  for (const auto& [table, change] : pending_) all[table] += change;
  changed_since_digest_ = false;
  return digest_of(all);
}

std::vector<std::pair<std::string, Bytes>> GovernedSums::take() {
  std::vector<std::pair<std::string, Bytes>> changed;
  for (const auto& [table, change] : pending_) {
    auto& sum = sums_[table];
    sum += change;
    changed.emplace_back(table, sum.bytes());
  }
  drop();
  return changed;
}

void GovernedSums::drop() {
  pending_.clear();
  changed_since_digest_ = false;
}

}  // namespace remit::store
