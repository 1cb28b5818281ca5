-- book.lua: what pandoc must know about this book to make one page of it.
--
-- The first heading becomes the page's title, ```math a formula, a figure with the paragraph in
-- italics below it a figure with a caption. Listings say which file they are from, tables and wide
-- formulas get a box to scroll in, and links to files of the project lead to SOURCE, a folder or
-- an address (a metadata field). Chinese is marked as such. Comments vanish.

local source = "../"

local function box(class, ...)
  return pandoc.Div({...}, pandoc.Attr("", {class}))
end

local function comment_of(block)
  return block.t == "RawBlock" and block.format == "html" and block.text:match("^%s*<!%-%-(.-)%-%->%s*$")
end

local function is_figure(block)
  return block.t == "Para" and #block.content == 1 and block.content[1].t == "Image"
end

local function is_caption(block)
  return block and block.t == "Para" and #block.content == 1 and block.content[1].t == "Emph"
end

local function raw(html)
  return pandoc.RawBlock("html", html)
end

-- "listing: lib/matrix.c struct Matrix" -> a line that leads to the file
local function listing_label(comment)
  local path = comment and comment:match("^%s*listing:%s+(%S+)")
  return path and box("label", pandoc.Plain({pandoc.Link(path, source .. path)}))
end

local function figure(image, caption)
  local blocks = {raw("<figure>"), box("picture", pandoc.Plain({image}))}
  if caption then
    table.insert(blocks, raw("<figcaption>"))
    table.insert(blocks, pandoc.Plain(caption.content[1].content))
    table.insert(blocks, raw("</figcaption>"))
  end
  table.insert(blocks, raw("</figure>"))
  return blocks
end

local function escaped(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"))
end

-- Commands are long: they wrap between words, and never within a flag.
local function commands(text)
  return raw('<pre class="sh"><code>' .. escaped(text):gsub("%S+", '<span class="word">%0</span>') .. "</code></pre>")
end

function Blocks(blocks)
  local out = pandoc.List()
  local label
  local i = 1
  while i <= #blocks do
    local block = blocks[i]
    local comment = comment_of(block)
    if comment then
      label = listing_label(comment)
    elseif block.t == "CodeBlock" and block.classes[1] == "math" then
      out:insert(box("formula", pandoc.Para({pandoc.Math("DisplayMath", block.text)})))
    elseif block.t == "CodeBlock" and block.classes[1] == "sh" then
      out:insert(commands(block.text))
    elseif block.t == "CodeBlock" then
      out:insert(label and box("listing", label, block) or block)
    elseif block.t == "Table" then
      out:insert(box("table", block))
    elseif is_figure(block) then
      local caption = is_caption(blocks[i + 1]) and blocks[i + 1] or nil
      out:extend(figure(block.content[1], caption))
      if caption then i = i + 1 end
    elseif block.t == "Para" and #block.content == 1 and block.content[1].t == "Math" then
      out:insert(box("formula", block))
    else
      out:insert(block)
    end
    if not comment then label = nil end
    i = i + 1
  end
  return out
end

-- Browsers don't break a formula in a line, so a long one may scroll by itself.
function Math(formula)
  if formula.mathtype == "InlineMath" and #formula.text > 30 then
    return pandoc.Span({formula}, pandoc.Attr("", {"wide"}))
  end
end

local function in_line(inline)
  return inline and inline.t == "Math" and inline.mathtype == "InlineMath"
end

-- Browsers would put a comma behind a formula on the next line, and a bracket before it on the last.
function Inlines(inlines)
  local out = pandoc.List()
  local kept
  for _, inline in ipairs(inlines) do
    local last = out[#out]
    local opens = in_line(inline) and last and last.t == "Str" and last.text:match("%($")
    local closes = inline.t == "Str" and inline.text:match("^%p") and (in_line(last) or kept)
    if opens or closes then
      local together = kept and last.content or pandoc.List({last})
      together:insert(inline)
      out[#out] = pandoc.Span(together, pandoc.Attr("", {"word"}))
      kept = opens
    else
      out:insert(inline)
      kept = nil
    end
  end
  return out
end

-- A long name may be broken behind its underscores and slashes, a command between its words, and
-- what is short nowhere.
function Code(code)
  local text = escaped(code.text)
  if text:find(" ") then
    text = text:gsub("%S+", '<span class="word">%0</span>')
  elseif #code.text < 20 then
    text = '<span class="word">' .. text .. "</span>"
  else
    text = text:gsub("([_/])", "%1<wbr>")
  end
  return pandoc.RawInline("html", "<code>" .. text .. "</code>")
end

-- about how many characters wide: a formula's commands and braces are not seen
local function width(cell)
  local seen = pandoc.walk_block(cell, {Math = function(formula)
    return pandoc.Str((formula.text:gsub("\\%a+", "x"):gsub("[{}_^\\ ]", "")))
  end})
  return utf8.len(pandoc.utils.stringify(seen))
end

-- Text in a table that would stand in a tall narrow column on a phone is given room there.
function Table(rows)
  return pandoc.walk_block(rows, {Plain = function(cell)
    if width(cell) > 45 then return box("long", cell) end
  end})
end

-- Han characters (U+4E00 to U+9FFF) begin with these bytes.
function Str(str)
  if str.text:find("[\xe4-\xe9]") then return pandoc.Span({str}, pandoc.Attr("", {}, {lang = "zh"})) end
end

function RawInline(html)
  if html.format == "html" and html.text:match("^<!%-%-") then return {} end
end

function Link(link)
  local here = link.target:match("^#") or link.target:match("^%a+:") or link.target:match("^%.%./")
  if not here then link.target = source .. link.target end
  return link
end

local function title(doc)
  local first = doc.blocks[1]
  if first and first.t == "Header" and first.level == 1 then
    doc.meta.title = pandoc.MetaInlines(first.content)
    doc.blocks:remove(1)
  end
  return doc
end

local function settings(meta)
  if meta.source then source = pandoc.utils.stringify(meta.source):gsub("/?$", "/") end
end

return {{Meta = settings}, {Table = Table, Str = Str}, {RawInline = RawInline, Link = Link, Math = Math, Code = Code}, {Inlines = Inlines}, {Blocks = Blocks}, {Pandoc = title}}
