from playwright.sync_api import Page, expect

PRAISE = (
    "What a wonderful film. Superb acting, a moving story, one of the best this year. I loved every minute."
)
COMPLAINT = (
    "A tedious, awful mess. The acting is terrible, the plot is boring. The worst film, a waste of time."
)


def test_review_is_classified(our_page: Page, site) -> None:
    our_page.goto(site.service)
    for review, label in ((PRAISE, "positive"), (COMPLAINT, "negative")):
        our_page.get_by_label("A film review").fill(review)
        our_page.get_by_role("button", name="Classify").click()
        expect(our_page.locator("#verdict")).to_contain_text(label, ignore_case=True)
        expect(our_page.locator("#result mark").first).to_be_visible()


def test_words_with_large_weights_are_marked(our_page: Page, site) -> None:
    our_page.goto(site.service)
    our_page.get_by_label("A film review").fill(COMPLAINT)
    our_page.get_by_role("button", name="Classify").click()
    expect(our_page.locator("#result blockquote")).to_have_text(COMPLAINT)
    expect(our_page.locator("#result blockquote mark", has_text="worst")).to_be_visible()


def test_empty_review_is_answered_by_a_sentence(our_page: Page, site) -> None:
    our_page.goto(site.service)
    our_page.get_by_role("button", name="Classify").click()
    expect(our_page.get_by_role("alert")).to_be_visible()
    expect(our_page.locator("#result")).to_be_hidden()
