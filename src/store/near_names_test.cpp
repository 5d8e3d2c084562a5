#include "store/near_names.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/temp_folder.h"

namespace remit::store {
namespace {

TEST(NearNames, OfWhatStandsBesideItAndHoldsTheNearestIsMeant) {
  const TempFolder folder;
  const Migration agents{1, "agents",
                         "CREATE TABLE agent (name TEXT PRIMARY KEY, title TEXT, retired INTEGER NOT NULL);"};
  const auto store = Store::open({.file = folder / "remit.db", .migrations = {agents}}).value();
  ASSERT_TRUE(store->run([](Transaction& tx) -> Result<void> {
    for (int i = 0; i < 500; ++i)
      TRY(tx.execute("INSERT INTO agent VALUES (?, ?, 0)", {fmt::format("bot-{:03}", i), nullptr}));
    TRY(
        tx.execute("INSERT INTO agent VALUES ('crm-bot', 'CRM bot', 0), ('invoice-bot', 'Invoices', 0), "
                   "('invoice-bott', 'gone', 1)",
                   {}));
    return {};
  }));
  struct Case {
    const char* name;
    const char* told;
  };
  for (const auto& [name, told] : {Case{"crm-bto", "; did you mean `crm-bot`?"},
                                   {"crm-boot", "; did you mean `crm-bot`?"},
                                   {"invoicebot", "; did you mean `invoice-bot`?"},
                                   {"invoice-botx", "; did you mean `invoice-bot`?"},
                                   {"bot-4991", "; did you mean `bot-499`?"},
                                   {"crm", ""},
                                   {"", ""},
                                   {"'; DROP TABLE agent; --", ""}}) {
    ASSERT_TRUE(store->read([&](Reader& reader) -> Result<void> {
      const auto found = nearest_hint(reader, name,
                                      {.from = "agent",
                                       .key = "name",
                                       .shown = "CASE WHEN retired = ? THEN name END",
                                       .parameters = {std::int64_t{0}}});
      EXPECT_EQ(found.value(), told) << name;
      return {};
    }));
  }
}

}  // namespace
}  // namespace remit::store
