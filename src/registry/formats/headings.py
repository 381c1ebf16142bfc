"""What a section is about, by the words of its heading in the languages that most READMEs are written in. Pure."""

from collections.abc import Mapping

from registry.domain.card_facts import Subject

_WORDS: Mapping[Subject, str] = {
    Subject.USAGE: (
        "usage|how to use|using|quick start|quickstart|getting started|get started|example|tutorial|how to run|uses"
        "|verwendung|benutzung|anwendung|beispiel|schnellstart|erste schritte|utilisation|exemple|démarrage"
        "|prise en main"
        "|uso|cómo usar|ejemplo|inicio rápido|primeros pasos|como usar|exemplo|início rápido|utilizzo|esempio"
        "|gebruik|voorbeeld|użycie|przykład|användning|kullanım|örnek|cách dùng|sử dụng|ví dụ|penggunaan|contoh"
        "|использование|пример|быстрый старт|использовать|використання|приклад"
        "|使用|用法|快速开始|快速開始|示例|例子|教程|使い方|使用方法|サンプル|クイックスタート|はじめに|사용|예제"
        "|예시|시작하기|빠른 시작"
        "|الاستخدام|استخدام|مثال|استفاده|उपयोग|उदाहरण|שימוש|דוגמה|การใช้งาน|ตัวอย่าง"
    ),
    Subject.EVALUATION: (
        "evaluation|result|performance|benchmark|metrics|accuracy|auswertung|ergebnis|bewertung|leistung|évaluation"
        "|résultat|evaluación|resultado|rendimiento|avaliação|desempenho|valutazione|risultat|prestazion|resultaten"
        "|wyniki|ocena|оценка|результат|качество|评估|评测|性能|结果|效果|評価|結果|精度|평가|결과|성능|التقييم"
        "|النتائج|मूल्यांकन|परिणाम"
    ),
    Subject.TRAINING_DATA: (
        "training data|training set|dataset|data set|trained on|pretraining data|corpus|trainingsdaten|datensatz"
        "|datensätze"
        "|données d'entraînement|jeu de données|datos de entrenamiento|conjunto de datos|dados de treinamento"
        "|conjunto de dados|dati di addestramento|dane treningowe|обучающие данные|датасет|набор данных|训练数据"
        "|数据集"
        "|訓練資料|学習データ|データセット|학습 데이터|데이터셋|بيانات التدريب|प्रशिक्षण डेटा"
    ),
    Subject.SUMMARY: (
        "summary|description|overview|details|introduction|about|zusammenfassung|beschreibung|überblick|einleitung"
        "|résumé|aperçu|présentation|resumen|descripción|descrição|resumo|visão geral|descrizione|panoramica"
        "|samenvatting|beschrijving|opis|wstęp|описание|обзор|введение|简介|介绍|概述|描述|摘要|概要|説明|紹介|소개"
        "|개요|설명"
        "|الوصف|مقدمة|विवरण|परिचय"
    ),
    Subject.STRUCTURE: (
        "structure|fields|format|features|instances|schema|columns|struktur|felder|spalten|champs|colonnes|estructura"
        "|campos|estrutura|struttura|campi|структура|поля|формат|结构|字段|格式|構造|フィールド|形式|구조|필드|형식"
        "|البنية|संरचना"
    ),
    Subject.CREATION: (
        "creation|source|collection|annotation|curation|provenance|erstellung|herkunft|quelle|sammlung|création"
        "|collecte|origine|creación|recopilación|origen|fuente|criação|coleta|origem|creazione|raccolta|origine"
        "|создание|источник|сбор|разметка|创建|来源|收集|标注|作成|収集|出典|생성|수집|출처|المصدر|جمع|स्रोत|निर्माण"
    ),
    Subject.SPLITS: (
        "split|size|statistics|aufteilung|größe|umfang|statistik|répartition|taille|statistique|particion|división"
        "|tamaño|estadística|divisão|tamanho|estatística|dimension|statistich|разбиение|размер|статистика|划分|规模"
        "|统计"
        "|分割|規模|統計|분할|크기|통계|الحجم|आकार"
    ),
    Subject.LIMITATIONS: (
        "limitation|bias|risk|considerations|ethic|einschränkung|verzerrung|risik|ethik|limites|biais|risque|éthique"
        "|limitacion|sesgo|riesgo|ética|limitaç|viés|risco|limiti|rischi|ograniczenia|ограничения|риски|этик|предвзят"
        "|局限|限制|偏见|风险|伦理|制限|限界|バイアス|リスク|한계|편향|위험|القيود|सीमाएँ"
    ),
    Subject.LICENSE: (
        "licen|citation|lizenz|zitier|licenc|citación|cómo citar|citação|citazione|licentie|licencja|лицензия|цитир"
        "|许可|授权|協議|引用|ライセンス|라이선스|인용|الترخيص|लाइसेंस"
    ),
}
_BY_SUBJECT = {subject: tuple(words.split("|")) for subject, words in _WORDS.items()}
MAX_HEADING_CHARACTERS = 100


def subjects_of(heading: str) -> tuple[Subject, ...]:
    """The subjects that a heading names."""
    said = heading.casefold()
    return tuple(subject for subject, words in _BY_SUBJECT.items() if any(word in said for word in words))
