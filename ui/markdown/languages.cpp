#include "ui/markdown/languages.h"

namespace facet::ui::markdown {
namespace {

QSet<QString> words(const char* list) {
  const QStringList split = QString::fromLatin1(list).split(' ', Qt::SkipEmptyParts);
  return {split.begin(), split.end()};
}

QStringList names(const char* list) {
  return QString::fromLatin1(list).split(' ', Qt::SkipEmptyParts);
}

const Multiline kBlockComment{QStringLiteral("/*"), QStringLiteral("*/"), Token::Comment};

std::vector<Language> make_languages() {
  std::vector<Language> all;
  all.push_back(
      {"C",
       names("c h"),
       words("auto break case const continue default do else enum extern for goto if inline register restrict "
             "return sizeof static struct switch typedef union volatile while NULL true false"),
       words("void char short int long float double signed unsigned bool size_t int8_t int16_t int32_t int64_t "
             "uint8_t uint16_t uint32_t uint64_t FILE"),
       {"//"},
       {kBlockComment},
       "\"'"});
  all.push_back(
      {"C++",
       names("cpp c++ cc cxx hpp hh"),
       words("alignas alignof auto break case catch class concept const consteval constexpr constinit const_cast "
             "continue co_await co_return co_yield decltype default delete do dynamic_cast else enum explicit "
             "export extern false final for friend goto if inline mutable namespace new noexcept nullptr operator "
             "override private protected public reinterpret_cast requires return sizeof static static_assert "
             "static_cast struct switch template this throw true try typedef typeid typename union using virtual "
             "volatile while"),
       words("void char short int long float double signed unsigned bool size_t string vector map set optional "
             "variant span unique_ptr shared_ptr uint8_t int32_t uint32_t int64_t uint64_t"),
       {"//"},
       {{"R\"(", ")\"", Token::String}, kBlockComment},
       "\"'"});
  all.push_back(
      {"Python",
       names("python py python3 pyi"),
       words("and as assert async await break case class continue def del elif else except finally for from global "
             "if import in is lambda match nonlocal not or pass raise return try while with yield True False None "
             "self"),
       words("int float str bytes bool list dict set tuple object type range print len Exception"),
       {"#"},
       {{"\"\"\"", "\"\"\"", Token::String}, {"'''", "'''", Token::String}},
       "\"'"});
  all.push_back(
      {"JavaScript",
       names("javascript js jsx mjs node"),
       words("async await break case catch class const continue debugger default delete do else export extends "
             "false finally for from function get if import in instanceof let new null of return set static super "
             "switch this throw true try typeof undefined var void while with yield"),
       words("Array Boolean Date Error Map Math Number Object Promise RegExp Set String Symbol JSON console"),
       {"//"},
       {kBlockComment, {"`", "`", Token::String}},
       "\"'"});
  Language typescript = all.back();
  typescript.title = "TypeScript";
  typescript.names = names("typescript ts tsx");
  typescript.keywords += words(
      "abstract as declare enum implements interface keyof namespace private protected public "
      "readonly satisfies type");
  typescript.types += words("any boolean never number string unknown Record Partial");
  all.push_back(typescript);
  all.push_back(
      {"Java",
       names("java"),
       words("abstract assert break case catch class const continue default do else enum extends final finally for "
             "if implements import instanceof interface native new null package private protected public record "
             "return static super switch synchronized this throw throws true false try var void volatile while"),
       words("boolean byte char double float int long short String Integer List Map Object Optional"),
       {"//"},
       {kBlockComment},
       "\"'"});
  all.push_back(
      {"Kotlin",
       names("kotlin kt"),
       words("as break by catch class companion const continue data do else false final finally for fun if import "
             "in init interface internal is lateinit null object open override package private protected public "
             "return sealed super suspend this throw true try val var when while"),
       words("Any Boolean Double Float Int List Long Map Set String Unit"),
       {"//"},
       {{"\"\"\"", "\"\"\"", Token::String}, kBlockComment},
       "\"'"});
  all.push_back(
      {"Swift",
       names("swift"),
       words("as associatedtype async await break case catch class continue default defer do else enum extension "
             "false fileprivate for func guard if import in init inout internal is let nil private protocol public "
             "return self static struct super switch throw throws true try var where while"),
       words("Any Array Bool Character Dictionary Double Float Int Optional Set String Void"),
       {"//"},
       {{"\"\"\"", "\"\"\"", Token::String}, kBlockComment},
       "\""});
  all.push_back(
      {"C#",
       names("csharp cs c#"),
       words("abstract as async await base break case catch class const continue default delegate do else enum "
             "event false finally for foreach get if in interface internal is lock namespace new null out "
             "override private protected public readonly record ref return sealed set static struct switch this "
             "throw true try typeof using var virtual void while yield"),
       words("bool byte char decimal double float int long object string uint Task List Dictionary"),
       {"//"},
       {kBlockComment},
       "\"'"});
  all.push_back({"Go",
                 names("go golang"),
                 words("break case chan const continue default defer else fallthrough false for func go goto if import "
                       "interface iota map nil package range return select struct switch true type var"),
                 words("bool byte complex128 error float32 float64 int int32 int64 rune string uint uint32 uint64 any"),
                 {"//"},
                 {kBlockComment, {"`", "`", Token::String}},
                 "\"'"});
  all.push_back(
      {"Rust",
       names("rust rs"),
       words("as async await break const continue crate dyn else enum extern false fn for if impl in let loop match "
             "mod move mut pub ref return self Self static struct super trait true type unsafe use where while"),
       words("bool char f32 f64 i8 i16 i32 i64 isize str u8 u16 u32 u64 usize Box Option Result String Vec Some None "
             "Ok Err"),
       {"//"},
       {kBlockComment},
       "\""});
  all.push_back(
      {"Ruby",
       names("ruby rb"),
       words("alias and begin break case class def do else elsif end ensure false for if in module next nil not or "
             "redo require rescue retry return self super then true undef unless until when while yield"),
       words("Array Hash Integer String Symbol puts attr_accessor attr_reader"),
       {"#"},
       {},
       "\"'"});
  all.push_back(
      {"PHP",
       names("php"),
       words("abstract array as break case catch class const continue default do echo else elseif extends false "
             "final finally fn for foreach function global if implements interface match namespace new null "
             "private protected public return static switch throw true try use var while yield"),
       words("bool float int object string void mixed"),
       {"//", "#"},
       {kBlockComment},
       "\"'"});
  all.push_back(
      {"Shell",
       names("bash sh shell zsh console shell-session"),
       words("case do done elif else esac exit export fi for function if in local read return set shift source then "
             "trap unset until while"),
       words("apt awk cat cd chmod cp curl echo find git grep ls make mkdir mv npm pip printf python3 rm sed sudo tar"),
       {"#"},
       {},
       "\"'"});
  all.push_back(
      {"SQL",
       names("sql sqlite postgres postgresql mysql"),
       words("add all alter and as asc begin between by case check column commit constraint create cross default "
             "delete desc distinct drop else end exists foreign from full group having if in index inner insert "
             "into is join key left like limit not null offset on or order outer primary references returning "
             "right rollback select set table then transaction union unique update using values view when where "
             "with"),
       words("bigint blob boolean char date datetime decimal float int integer numeric real text timestamp varchar"),
       {"--"},
       {kBlockComment},
       "'\"",
       false});
  all.push_back({"JSON", names("json jsonc json5"), words("true false null"), {}, {"//"}, {kBlockComment}, "\""});
  all.push_back({"YAML", names("yaml yml"), words("true false null yes no on off"), {}, {"#"}, {}, "\"'"});
  all.push_back({"TOML", names("toml ini conf cfg"), words("true false"), {}, {"#", ";"}, {}, "\"'"});
  all.push_back({"CSS",
                 names("css scss less"),
                 words("important media import keyframes from to and not only"),
                 {},
                 {"//"},
                 {kBlockComment},
                 "\"'"});
  all.push_back({"HTML", names("html xml svg xhtml vue"), {}, {}, {}, {{"<!--", "-->", Token::Comment}}, "\"'"});
  all.push_back(
      {"CMake",
       names("cmake"),
       words("if else elseif endif foreach endforeach function endfunction macro endmacro while endwhile set option "
             "include return ON OFF TRUE FALSE AND OR NOT"),
       words("PUBLIC PRIVATE INTERFACE STATIC SHARED"),
       {"#"},
       {},
       "\""});
  all.push_back(
      {"Lua",
       names("lua"),
       words("and break do else elseif end false for function goto if in local nil not or repeat return then true "
             "until while"),
       {},
       {"--"},
       {{"--[[", "]]", Token::Comment}, {"[[", "]]", Token::String}},
       "\"'"});
  for (Language& language : all) {
    language.has_directives = language.title == "C" || language.title == "C++" || language.title == "C#";
  }
  return all;
}

}  // namespace

const std::vector<Language>& languages() {
  static const std::vector<Language> kAll = make_languages();
  return kAll;
}

}  // namespace facet::ui::markdown
