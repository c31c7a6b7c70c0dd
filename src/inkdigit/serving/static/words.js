/** The words of the page, in each of its languages, and which of them is spoken. */

/** Phrases by language; what has gaps is a function of what fills them. */
export const WORDS = {
  en: {
    title: "inkdigit: draw a number and it is read",
    other: "中文",
    otherLabel: "切换到中文",
    skip: "Skip to the drawing sheet",
    sheet: "Sheet",
    sheetLabel: "Drawing sheet",
    invitation: "Draw a number",
    keyHelp:
      "With the keyboard: arrow keys move the pen, two at once go diagonally, with Shift in small steps. Space puts it " +
      "down and lifts it. Backspace undoes, Delete clears.",
    undo: "Undo",
    clear: "Clear",
    back: "Back to drawing",
    choose: "Open picture",
    photograph: "Take photo",
    dropHint: "Or drop pictures here, or paste one.",
    answer: "Answer",
    empty: "Write one digit or many. The answer appears here when you lift the pen.",
    nothing: "No digit found.",
    nothingHelp: "Write larger, or with a stronger pen.",
    verdict: (share) => `${share} sure`,
    leastSure: (share) => `Every digit at least ${share} sure`,
    someRefused: (count) => (count === 1 ? "One digit is too doubtful to tell." : `${count} digits are too doubtful to tell.`),
    spoken: (text, verdict) => `Read ${text}. ${verdict}`,
    unread: "question mark",
    digitTitle: (place, count) => (count === 1 ? "How sure it is" : `Digit ${place} of ${count}`),
    digitLabel: (place, count, value, share) => `Digit ${place} of ${count}: ${value}, ${share} sure`,
    refusedLabel: (place, count, value) => `Digit ${place} of ${count}: not told, perhaps ${value}`,
    seen: "What the network saw",
    seenAlt: (value) => `28 by 28 pixels, taken for a ${value}`,
    guesses: "What it may be, likeliest first",
    guess: (value, share) => `${value}: ${share}`,
    reason_unsure: "Not told: it could well be something else.",
    reason_not_a_digit: "Not told: it does not look like a digit.",
    reason_cut_off: "Not told: it goes on beyond the edge.",
    reason_too_small: "Not told: it is too small to make out.",
    reason_rule: "A rule of the number decided here, not the ink alone.",
    was: "It was a …",
    wasLabel: (value) => `It was a ${value}`,
    kept: (value) => `Kept as a ${value}, in this browser only.`,
    keptNot: "This browser lets nothing be kept here; corrections last until the page is closed.",
    maps: "What its layers respond to",
    mapsHelp: "Each small picture is one filter of the network: bright where it responds to this digit.",
    noMaps: "This model shows no feature maps.",
    layer: (place, count) => `Layer ${place}: ${count} filters`,
    models: "Models side by side",
    modelsHelp: "Every model reads the same picture. The chosen one is shown in detail.",
    model: "Model",
    confidence: "Confidence",
    accuracy: "MNIST accuracy",
    pictures: "Pictures",
    picture: "Picture",
    leastConfidence: "Least confidence",
    progress: (done, count) => (done < count ? `Reading picture ${done + 1} of ${count} …` : `${count} pictures read.`),
    csv: "Download CSV",
    closePictures: "Close the list",
    pasted: "pasted picture",
    corrections: "Your corrections",
    correctionsHelp: "They stay in this browser until you delete them. Download them to teach a model your hand.",
    correction: (value, read) => `A ${value}, read as ${read}`,
    remove: (value) => `Delete this ${value}`,
    download: "Download for training",
    forget: "Delete all",
    forgetSure: "Delete all corrections from this browser?",
    removed: "Deleted.",
    useHelp: "Then run:",
    api: "Use it from a program",
    privateHere: "Nothing you draw leaves this machine. The page talks to no one but the program that serves it.",
    privateThere: (host) => `What you draw goes to ${host} to be read, and nowhere else. It is not stored there.`,
    penDown: "Pen down",
    penUp: "Pen up",
    cleared: "Sheet is empty.",
    reading: "Reading …",
    again: "Try again",
    fault_gone: "The server does not answer. Is “inkdigit serve” still running? What you drew is still here.",
    busy: (seconds) => `The server is busy. Trying again in ${seconds} s …`,
    fault_overloaded: "The server stays busy. Try again in a while.",
    fault_too_large: "This picture is too large. Make it smaller: at most 8 MiB and 24 megapixels, unless the server is set otherwise.",
    fault_too_complex: "This picture would cost too much to open. Save it anew as an ordinary PNG or JPEG.",
    fault_not_an_image: "This is not a picture.",
    fault_unsupported_format: "This kind of file cannot be read. PNG, JPEG, GIF, BMP, TIFF and WebP can.",
    fault_truncated: "The end of this picture is missing. Save or send it once more.",
    fault_empty: "There is nothing in this file.",
    fault_unreadable: "This is a folder, or a file that cannot be opened. Choose the pictures themselves.",
    fault_timeout: "Reading took too long and was stopped. A smaller picture may do.",
    failed: (message) => `The server could not read this: ${message}`,
  },
  zh: {
    title: "inkdigit：写下数字，立刻认出",
    other: "English",
    otherLabel: "Switch to English",
    skip: "跳到画板",
    sheet: "画板",
    sheetLabel: "画板",
    invitation: "在这里写数字",
    keyHelp:
      "用键盘写：方向键移动笔，同时按两个方向键走斜线，按住 Shift 走小步；空格键落笔、提笔；退格键撤销，Delete 键清空。",
    undo: "撤销",
    clear: "清空",
    back: "返回画板",
    choose: "打开图片",
    photograph: "拍照",
    dropHint: "也可以把图片拖进来，或直接粘贴。",
    answer: "识别结果",
    empty: "写一个或几个数字，提笔后这里就会显示结果。",
    nothing: "没有找到数字。",
    nothingHelp: "请写大一些，或写粗一些。",
    verdict: (share) => `有 ${share} 的把握`,
    leastSure: (share) => `每个数字都至少有 ${share} 的把握`,
    someRefused: (count) => `有 ${count} 个数字没有把握，暂不作答。`,
    spoken: (text, verdict) => `读作 ${text}。${verdict}`,
    unread: "问号",
    digitTitle: (place, count) => (count === 1 ? "有多大把握" : `第 ${place} 个数字，共 ${count} 个`),
    digitLabel: (place, count, value, share) => `第 ${place} 个数字，共 ${count} 个：${value}，有 ${share} 的把握`,
    refusedLabel: (place, count, value) => `第 ${place} 个数字，共 ${count} 个：没有把握，可能是 ${value}`,
    seen: "网络看到的样子",
    seenAlt: (value) => `28×28 像素的小图，被认作 ${value}`,
    guesses: "可能的数字，从最可能的排起",
    guess: (value, share) => `${value}：${share}`,
    reason_unsure: "没有作答：也很可能是别的数字。",
    reason_not_a_digit: "没有作答：看起来不像数字。",
    reason_cut_off: "没有作答：笔画伸到了边缘之外。",
    reason_too_small: "没有作答：太小，看不清。",
    reason_rule: "这一位是按号码的规则定的，不只看笔迹。",
    was: "其实是……",
    wasLabel: (value) => `其实是 ${value}`,
    kept: (value) => `已记为 ${value}，只保存在这个浏览器里。`,
    keptNot: "这个浏览器不允许保存数据，关闭页面后更正就会消失。",
    maps: "各层网络的反应",
    mapsHelp: "每张小图对应网络的一个卷积核：越亮，说明它对这个数字的这个部位反应越强。",
    noMaps: "这个模型没有提供特征图。",
    layer: (place, count) => `第 ${place} 层：${count} 个卷积核`,
    models: "模型对比",
    modelsHelp: "每个模型都读同一张图，选中的那个在上面显示详情。",
    model: "模型",
    confidence: "置信度",
    accuracy: "MNIST 准确率",
    pictures: "图片",
    picture: "图片",
    leastConfidence: "最低置信度",
    progress: (done, count) => (done < count ? `正在读第 ${done + 1} 张，共 ${count} 张……` : `${count} 张图片都读完了。`),
    csv: "下载 CSV",
    closePictures: "关闭列表",
    pasted: "粘贴的图片",
    corrections: "你的更正",
    correctionsHelp: "更正只保存在这个浏览器里，直到你删除。下载后可以让模型学会你的笔迹。",
    correction: (value, read) => `${value}，曾被读作 ${read}`,
    remove: (value) => `删除这个 ${value}`,
    download: "下载训练数据",
    forget: "全部删除",
    forgetSure: "要从这个浏览器里删除全部更正吗？",
    removed: "已删除。",
    useHelp: "然后运行：",
    api: "在程序中调用",
    privateHere: "你写的内容不会离开这台电脑，页面只和提供它的程序通信。",
    privateThere: (host) => `你写的内容只发送到 ${host} 进行识别，不会发往别处，也不会在那里保存。`,
    penDown: "落笔",
    penUp: "提笔",
    cleared: "画板已清空。",
    reading: "正在识别……",
    again: "重试",
    fault_gone: "服务器没有回应。“inkdigit serve”还在运行吗？你写的内容还在。",
    busy: (seconds) => `服务器正忙，${seconds} 秒后重试……`,
    fault_overloaded: "服务器一直很忙，请过一会儿再试。",
    fault_too_large: "图片太大了，请缩小后再试：默认上限为 8 MiB、2400 万像素。",
    fault_too_complex: "打开这张图片代价太高，请另存为普通的 PNG 或 JPEG。",
    fault_not_an_image: "这不是图片。",
    fault_unsupported_format: "不支持这种文件。可以用 PNG、JPEG、GIF、BMP、TIFF 和 WebP。",
    fault_truncated: "图片不完整，缺了结尾，请重新保存或发送。",
    fault_empty: "这个文件是空的。",
    fault_unreadable: "这是文件夹，或者是打不开的文件。请直接选择图片。",
    fault_timeout: "识别时间太长，已经停止。换一张小一些的图片试试。",
    failed: (message) => `服务器无法识别：${message}`,
  },
};

const KEPT = "language";
const listeners = new Set();
let language = remembered() ?? preferred();

/** The language that was chosen on an earlier visit; a browser that keeps nothing has none. */
function remembered() {
  try {
    const kept = localStorage.getItem(KEPT);
    return Object.hasOwn(WORDS, kept) ? kept : null;
  } catch {
    return null;
  }
}

function preferred() {
  const known = navigator.languages.map((tag) => tag.split("-")[0].toLowerCase());
  return known.find((tag) => Object.hasOwn(WORDS, tag)) ?? "en";
}

/**
 * A phrase in the language that is spoken.
 * @param {string} key
 * @param {...(string|number)} values for its gaps
 * @returns {string}
 */
export function say(key, ...values) {
  const phrase = WORDS[language][key];
  return typeof phrase === "function" ? phrase(...values) : phrase;
}

/** Whether there is such a phrase: codes of errors and reasons come from the server. @param {string} key */
export const canSay = (key) => Object.hasOwn(WORDS[language], key);

/**
 * A probability for people; never 100 %, since no network is ever that sure.
 * @param {number} share 0..1
 */
export function percent(share) {
  if (share > 0 && share < 0.01) return `<${percent(0.01)}`;
  const digits = share >= 0.99 ? 1 : 0;
  const told = digits ? Math.min(Math.floor(share * 1000) / 1000, 0.999) : share;
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: digits }).format(told);
}

/** A probability that no other lies below, so never rounded up. @param {number} share 0..1 */
export const least = (share) => percent(share >= 0.01 && share < 0.99 ? Math.floor(share * 100) / 100 : share);

/** A share that was counted, as an accuracy is. @param {number} share 0..1 */
export const rate = (share) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 2 }).format(share);

/** Speaks the other language from now on, also on the next visit. */
export function switchLanguage() {
  language = language === "en" ? "zh" : "en";
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // a browser that keeps nothing forgets it, and that is all
  }
  translate();
  listeners.forEach((listener) => listener());
}

/** Calls back whenever the language changes. @param {() => void} listener */
export const onLanguage = (listener) => listeners.add(listener);

/** Fills in the words of the document that stand still. */
export function translate() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
}
