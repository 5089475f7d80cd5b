from coldsign.primitives.words import in_words, word, word_list


def test_the_list_is_the_bip39_english_list_in_order():
    words = word_list()
    assert len(words) == 2048
    assert (words[0], words[1], words[2047]) == ("abandon", "ability", "zoo")
    assert list(words) == sorted(words)
    # BIP-39: the first four letters name a word
    assert len({text[:4] for text in words}) == 2048


def test_a_number_names_the_word_at_its_place():
    assert tuple(word(index) for index in range(2048)) == word_list()


def test_a_number_is_spelled_from_its_highest_bits():
    assert in_words((2047 << 22) | (0 << 11) | 1, 3) == ("zoo", "abandon", "ability")
